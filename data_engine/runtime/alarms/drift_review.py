"""Asking people about what moved in a drifted batch, and what their answers say of the classifier."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.amendments.taken_batches import taken_batches
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.classifier_in_service import row_of_now
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.embeddings import embeddings_by_id
from data_engine.runtime.made_from.answered_samples import answered_samples
from data_engine.runtime.review_rounds import open_questions, payloads_of

if TYPE_CHECKING:
    from data_engine.runtime.classifier_in_service import ClassifierRow

PURPOSE = "drifted"
#: A fall of the accuracy that chance gives less often than this is one.
_FALL_P = 0.05


@dataclass(frozen=True)
class Answered:
    """How the classifier in service does on the samples of a review batch of a drifted batch.

    Attributes:
        n: Answered samples that have a class and an embedding.
        n_right: Those whose class it proposes.
        hold_out_accuracy: Its accuracy on the hold-out.
        p_value: That it is as accurate here as there, against its being worse (Fisher's exact test).
    """

    n: int
    n_right: int
    hold_out_accuracy: float
    p_value: float

    @property
    def has_fallen(self) -> bool:
        """Whether the classifier is worse on what moved."""
        return self.p_value < _FALL_P

    @property
    def told(self) -> str:
        """The figures in a sentence."""
        return (
            f"the classifier is right on {self.n_right} of {self.n} answered samples that moved, on the hold-out on "
            f"{self.hold_out_accuracy:.0%} (p = {self.p_value:.2g} that it is no worse)"
        )


def open_drift_review(runtime: CorpusRuntime, batch: str, n: int, *, cause: str) -> str | None:
    """Open a review batch about what moved in an ingestion batch; the proposals are not shown.

    Args:
        runtime: The corpus.
        batch: The drifted ingestion batch.
        n: Samples to ask about, at most.
        cause: Why, as people read it.

    Returns: the id of the review batch; None where no classifier can be judged, or nothing is left to ask.
    """
    from data_engine.review import NewTask
    from data_engine.review.queue_records import next_batch_id

    corpus, gate = runtime.corpus, CheckGate(runtime, runtime.store(), "review")
    tables = AcceptedTables(gate.store, gate)
    if not corpus.has_labels or row_of_now(gate, tables) is None:
        return None
    ids = _moved(runtime, tables, batch)[:n]
    if not ids:
        return None
    payloads = payloads_of(tables, ids, with_sizes=corpus.asks_for_objects)
    with runtime.queue() as queue:
        known = {each.batch_id for each in queue.batches(corpus.name)} | taken_batches(runtime)
        batch_id = next_batch_id(corpus.name, "drifted", known)
        tasks = [NewTask(sample_id, PURPOSE, "blind", payload=payloads[sample_id], priority=1) for sample_id in ids]
        return open_questions(runtime, queue, batch_id, tasks, cause=cause)


def what_answers_say(runtime: CorpusRuntime, review_batch: str) -> Answered | None:
    """How the classifier in service does on a review batch.

    None while its answers are not taken over, or no classifier of the vectors of now is in service.
    """
    from scipy.stats import fisher_exact

    gate = CheckGate(runtime, runtime.store(), "review")
    tables = AcceptedTables(gate.store, gate)
    answers = tables.read("reviewed_labels", columns=["review_batch", "sample_id", "label"])
    answers = answers.filter(pc.and_(pc.equal(answers["review_batch"], review_batch), pc.is_valid(answers["label"])))
    row = row_of_now(gate, tables)
    if not answers.num_rows or row is None:
        return None
    right = _is_right(runtime, tables, row, answers)
    n, n_right, n_held, held_right = (
        len(right),
        int(right.sum()),
        row["n_hold_out"],
        round(row["accuracy"] * row["n_hold_out"]),
    )
    counts = [[n_right, n - n_right], [held_right, n_held - held_right]]
    return Answered(n, n_right, row["accuracy"], float(fisher_exact(counts, alternative="less").pvalue))


def _moved(runtime: CorpusRuntime, tables: AcceptedTables, batch: str) -> list[str]:
    """Samples of a batch that nobody answered: in turn those unlike all known ones, and those of clusters that grew."""
    report = tables.read("drift_report", batch=batch)
    novel = [row["sample_ids"] for row in report.filter(pc.is_null(report["cluster"])).to_pylist()]
    grown = report.filter(pc.greater(report["observed_share"], report["expected_share"]))
    of_clusters = [row["sample_ids"] for row in grown.sort_by([("contribution", "descending")]).to_pylist()]
    in_turn = _in_turn([*chain(*novel)], [*chain(*of_clusters)])
    there = tables.read("embeddings", columns=["sample_id"], among={"sample_id": pa.array(in_turn, pa.string())})
    asked = set(answered_samples(runtime).to_pylist())
    known = set(there["sample_id"].to_pylist()) - asked
    return [sample_id for sample_id in in_turn if sample_id in known]


def _in_turn(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """One of each in turn, and then what is left; every one once."""
    pairs = [each for pair in zip(first, second, strict=False) for each in pair]
    return list(dict.fromkeys([*pairs, *first, *second]))


def _is_right(runtime: CorpusRuntime, tables: AcceptedTables, row: "ClassifierRow", answers: pa.Table) -> "np.ndarray":
    """For each answered sample with an embedding, whether its class is the one that most people gave."""
    from data_engine.labeling import load_model

    votes: dict[str, list[str]] = {}
    for answer in answers.select(["sample_id", "label"]).to_pylist():
        votes.setdefault(answer["sample_id"], []).append(answer["label"])
    x = embeddings_by_id(tables, pa.array(list(votes), pa.string()))
    ids = [sample_id for sample_id in votes if sample_id in x]
    if not ids:
        return np.zeros(0, dtype=bool)
    model = load_model(row["artefact"])
    proposed = model.predict_proba(np.stack([x[sample_id] for sample_id in ids])).argmax(axis=1)
    names = model.class_names or runtime.corpus.class_names
    common = [max(sorted(set(votes[sample_id])), key=votes[sample_id].count) for sample_id in ids]
    return np.array([names[number] == label for number, label in zip(proposed.tolist(), common, strict=True)])
