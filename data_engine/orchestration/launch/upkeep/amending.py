"""The commands `forget`, `reset` and `recheck`: what each would do, and doing it while no other command is at work.

What follows from a change is in `data_engine.runtime.amendments`.
"""

from collections.abc import Sequence

from data_engine.errors import InvalidInput
from data_engine.orchestration.launch.command_lock import corpus_lock
from data_engine.orchestration.launch.instance_of_home import opened_instance
from data_engine.orchestration.launch.moves import drop_partitions
from data_engine.orchestration.launch.project import Project
from data_engine.runtime.amendments.forgetting import (
    batches_taken_in,
    contents_of,
    forget_batches,
    forget_vectors,
)
from data_engine.runtime.amendments.rechecking import Rechecked, recheck
from data_engine.runtime.amendments.resetting import Reset, reset_of
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.source_listing import batches_of


def told_of_forgetting(runtime: CorpusRuntime, batches: Sequence[str]) -> list[str]:
    """Lines that say what taking these batches out would do.

    Raises: InvalidInput for a batch that the corpus does not have.
    """
    known = batches_taken_in(runtime)
    unknown = [batch for batch in batches if batch not in known]
    if unknown or not batches:
        has = ", ".join(sorted(known)) or "none"
        raise InvalidInput(f"the corpus has no batch {unknown[0] if unknown else ''!r}; it has {has}")
    n = sum(known[batch] for batch in batches)
    lines = [
        f"{n:,} raw samples of {', '.join(batches)} leave every table of {runtime.corpus.name}, with what was made of "
        "them, cached embeddings included; answers about them stay in the review queue and count again when the batch "
        "comes back"
    ]
    still_there = sorted(set(batches) & set(batches_of(runtime)))
    if still_there:
        lines.append(
            f"the source still has {', '.join(still_there)}: the next run takes it in again, unless its files go or "
            "source.pattern leaves them out"
        )
    return lines


def forget(runtime: CorpusRuntime, batches: Sequence[str]) -> None:
    """Take batches out of the tables, the cache of embeddings and the Dagster instance.

    Raises: ConcurrentWrite while another command is at work on the corpus.
    """
    with corpus_lock(runtime), opened_instance() as instance:
        sample_ids = contents_of(runtime, batches)
        forget_batches(runtime, batches, run_id="forget")
        drop_partitions(runtime, instance, batches)
        forget_vectors(runtime, sample_ids)


def reset(planned: Reset, *, with_answers: bool) -> None:
    """Make a corpus new, in the Dagster instance too.

    Raises: ConcurrentWrite while another command is at work on the corpus.
    """
    runtime = planned.runtime
    with corpus_lock(runtime), opened_instance() as instance:
        batches = sorted(batches_taken_in(runtime))
        planned.carry_out(with_answers=with_answers)
        drop_partitions(runtime, instance, batches)


def recheck_corpus(project: Project, corpus: str) -> list[Rechecked]:
    """Judge again what failed.

    Raises: ConcurrentWrite while another command is at work on the corpus.
    """
    runtime = project.runtime(corpus)
    with corpus_lock(runtime):
        return [found for each in (runtime, *runtime.questions) for found in recheck(each, run_id="recheck")]


__all__ = ["forget", "recheck_corpus", "reset", "reset_of", "told_of_forgetting"]
