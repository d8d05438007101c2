"""Review batches that a person asks for: what the classifier is unsure of, or labels that look wrong.

Rounds that open by themselves are in `runtime/review_rounds.py`.
"""

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import InvalidInput
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.amendments.taken_batches import not_taken_over
from data_engine.runtime.check_gate import CheckGate, accepted_tables
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.answered_samples import answered_samples
from data_engine.runtime.made_from.doubtful_labels import DOUBTFUL, doubtful_labels
from data_engine.runtime.review_rounds import (
    FOR_PEOPLE,
    create_review_batch,
    next_round,
    open_questions,
    payloads_of,
    round_id,
)


def ask_people(runtime: CorpusRuntime, n: int) -> str | None:
    """Open a review batch for people, unless one waits already.

    Where every sample has an answer or a label of the data, it asks about the labels that are least credible; see
    `made_from.doubtful_labels`.

    Args:
        runtime: The corpus.
        n: Tasks beside a hold-out that is lacking, or labels to look at again.

    Returns: the id of the review batch that waits; None when nothing is left to ask.
    Raises: InvalidInput while answers are not taken over; ChecksFailed as `create_review_batch` does.
    """
    with runtime.queue() as queue:
        waiting = [batch.batch_id for batch in queue.batches(runtime.corpus.name) if not batch.is_answered]
    if waiting:
        return waiting[0]
    if coming := not_taken_over(runtime):
        name = runtime.corpus.name
        raise InvalidInput(
            f"the answers of {', '.join(coming)} are not taken over yet, so the same samples would be asked about "
            f"again; data-engine run {name} takes them over, and so does data-engine ui by itself"
        )
    opened = create_review_batch(runtime, cause=FOR_PEOPLE, n_tasks=n)
    return opened or _ask_about_doubtful(runtime, n)


def leave_for_people(runtime: CorpusRuntime) -> str | None:
    """Open the review batch of `review.tasks_for_people`, which simulated annotators leave alone.

    Returns: its id; None where the corpus asks for none, a batch waits already, nothing is taken over of one that was
        answered, or every sample has an answer.
    Raises: ChecksFailed as `create_review_batch` does.
    """
    n = runtime.corpus.review.tasks_for_people
    if not n:
        return None
    with runtime.queue() as queue:
        waits = any(not batch.is_answered for batch in queue.batches(runtime.corpus.name))
    return None if waits or not_taken_over(runtime) else create_review_batch(runtime, cause=FOR_PEOPLE, n_tasks=n)


def what_to_ask(runtime: CorpusRuntime) -> str:
    """What a review batch for people would be about, in a few words; empty where nothing is left to ask."""
    gate = CheckGate(runtime, runtime.store(), "review")
    subset = gate.latest("balanced_subset", "")
    if not runtime.corpus.has_labels or subset is None or gate.refusal(subset):
        return ""
    tables = AcceptedTables(gate.store, gate)
    chosen = tables.read("balanced_subset", columns=["sample_id"])["sample_id"].combine_chunks()
    answered = answered_samples(runtime)
    doubtful = doubtful_labels(runtime, tables, answered=answered)
    given = tables.read("labels", columns=["sample_id", "provenance"])
    given = given.filter(pc.equal(given["provenance"], "imported"))["sample_id"].combine_chunks().cast(pa.string())
    if pc.any(pc.invert(pc.is_in(chosen, pa.concat_arrays([answered, given])))).as_py():
        return "the most telling samples"
    return "the labels that look wrong first" if doubtful.num_rows else ""


def _ask_about_doubtful(runtime: CorpusRuntime, n: int) -> str | None:
    """Ask about the labels that are least credible, without showing them."""
    from data_engine.review import NewTask

    tables = accepted_tables(runtime, run_id="review")
    doubtful = doubtful_labels(runtime, tables, answered=answered_samples(runtime))
    ids = doubtful["sample_id"].to_pylist()[:n]
    if not ids:
        return None
    payloads = payloads_of(tables, ids, with_sizes=runtime.corpus.asks_for_objects)
    tasks = [
        NewTask(sample_id=sample_id, purpose=DOUBTFUL, arm="manual", payload=payloads[sample_id], priority=1)
        for sample_id in ids
    ]
    with runtime.queue() as queue:
        batch_id = round_id(runtime, next_round(runtime, queue))
        return open_questions(runtime, queue, batch_id, tasks, cause=FOR_PEOPLE)
