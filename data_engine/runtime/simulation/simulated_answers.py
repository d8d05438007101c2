"""Answers of simulated annotators, and the labels known beforehand that they answer by.

Which samples are asked about is decided in `review_rounds.py`.
"""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from data_engine.errors import InvalidInput
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.simulation.simulated_objects import clicker_of
from data_engine.schemas.child_ids import parent_and_change

if TYPE_CHECKING:
    from data_engine.corpus.review import SimulatedAnnotator
    from data_engine.review import Task


def answer_simulated(runtime: CorpusRuntime, batch_id: str) -> int:
    """Let the corpus' simulated annotators answer a review batch through the queue, like anyone else.

    Returns: answers given. Raises: InvalidInput when the corpus has no simulated annotators.
    """
    from data_engine.review import SIMULATED_PREFIX, answer_as_simulated

    simulated = runtime.corpus.review.simulated
    if not simulated:
        raise InvalidInput(
            f"corpus {runtime.corpus.name} has no simulated annotators; answer {batch_id} with `data-engine review`"
        )
    answer_of = clicker_of(runtime) if runtime.corpus.asks_for_objects else partial(_answer, runtime)
    answers = [(SIMULATED_PREFIX + who.name, answer_of(who)) for who in simulated]
    with runtime.queue() as queue:
        return answer_as_simulated(queue, batch_id, answers, now=queue.clock())


def _answer(runtime: CorpusRuntime, who: "SimulatedAnnotator") -> "Callable[[Task], str | None]":
    from data_engine.labeling import SimulatedLabeller

    classes = runtime.corpus.class_names
    labeller = SimulatedLabeller(who.name, who.error_rate, runtime.corpus.seed_for("simulated", who.name))
    truth = known_classes(runtime)

    def answer(task: "Task") -> str | None:
        known = truth.get(parent_and_change(task.sample_id)[0])
        if known is None:
            return None
        proposed = None if task.proposed_label is None else classes.index(task.proposed_label)
        return classes[labeller.answer(task.sample_id, classes.index(known), len(classes), proposed)]

    return answer


def remarks_on_known_labels(runtime: CorpusRuntime) -> list[str]:
    """What is to be said of the known labels of the samples that can be asked about, before the first round.

    Raises: InvalidInput where simulated annotators would have no answer at all.
    """
    from data_engine import reporting

    if runtime.corpus.known_label_column is None:
        return []
    tables = accepted_tables(runtime, run_id="remarks")
    asked = set(tables.read("balanced_subset", columns=["sample_id"])["sample_id"].to_pylist())
    raw_index = tables.read("raw_index", columns=["sample_id", "metadata"])
    return reporting.remarks_on_known_labels(runtime.corpus, raw_index, asked)


def known_classes(runtime: CorpusRuntime) -> dict[str, str]:
    """The class of every sample whose label is known beforehand; for simulation and evaluation only."""
    from data_engine import reporting

    tables = accepted_tables(runtime, run_id="simulated")
    return reporting.known_classes(runtime.corpus, tables.read("raw_index", columns=["sample_id", "metadata"]))
