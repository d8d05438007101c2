"""Asking about samples as they arrive: those that the classifier in service is less sure of than a moving threshold.

The threshold is `labeling.strategies.stream`; rounds of questions about the subset are in `runtime/review_rounds.py`.
"""

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.amendments.taken_batches import taken_batches
from data_engine.runtime.check_gate import CheckGate, accepted_tables
from data_engine.runtime.classifier_in_service import row_of_now
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.embeddings import sorted_embeddings
from data_engine.runtime.made_from.answered_samples import answered_samples
from data_engine.runtime.objects.arriving_images import Uncertainty, unsure_like_proposals
from data_engine.runtime.review_rounds import open_questions, payloads_of

if TYPE_CHECKING:
    from data_engine.labeling.strategies.stream import StreamThreshold

ARRIVING = "arriving"
"""The purpose of a task about a sample that has just arrived; no query batch and no control batch has it."""


@dataclass(frozen=True)
class Arrivals:
    """What of the stream has been looked at, and where that left the threshold.

    Attributes:
        seen: Data version of the embeddings by ingestion batch; None before anything was looked at.
        confidence: Of `StreamThreshold`.
        spent: Of `StreamThreshold`.
    """

    seen: dict[str, str] | None = None
    confidence: float = 1.0
    spent: float = 0.0
    asked: str = field(default="", compare=False)
    """The review batch that was opened now; empty where none was."""

    @classmethod
    def from_text(cls, text: str) -> "Arrivals":
        """As `text` wrote it; nothing is known of an empty text."""
        return cls(**json.loads(text)) if text else cls()

    @property
    def text(self) -> str:
        """As JSON, without the review batch."""
        return json.dumps({name: value for name, value in asdict(self).items() if name != "asked"})


def ask_about_arrivals(runtime: CorpusRuntime, before: Arrivals) -> Arrivals:
    """Open a review batch about samples of batches that are new since, where the classifier is less sure than usual.

    `review.arriving_share` is the budget: of many samples about this share is asked about. What is there when the
    corpus is looked at for the first time is left to the rounds, and samples that have an answer or wait for one are
    left out. The review batch is none of the rounds that `labels.rounds` counts. Nothing is done before there is a
    classifier of the vectors of now, and while `review.max_open_tasks` wait. Where objects are asked for, an image is
    as sure as what is proposed of the images of the subset that are most like it; nothing is looked for in its pixels.

    Args:
        runtime: The corpus.
        before: As the last look left it.
    """
    gate = CheckGate(runtime, runtime.store(), "review")
    uncertainty = _in_service(runtime, gate)
    if uncertainty is None or not runtime.corpus.review.arriving_share:
        return before
    there = {batch: version.data_version for batch, version in sorted(gate.accepted("embeddings").items())}
    if before.seen is None:
        return Arrivals(there, before.confidence, before.spent)
    new = [batch for batch, version in there.items() if before.seen.get(batch) != version]
    with runtime.queue() as queue:
        if not new or queue.open_tasks(runtime.corpus.name) >= runtime.corpus.review.max_open_tasks:
            return before
    chosen, n, threshold = _asked_of(runtime, uncertainty, new, before)
    opened = _open(runtime, chosen, n) if chosen else ""
    return Arrivals(there, threshold.confidence, threshold.spent, opened)


def _in_service(runtime: CorpusRuntime, gate: CheckGate) -> Uncertainty | None:
    """What tells how unsure the version in service is of rows of embeddings; None where there is none."""
    from data_engine.labeling import load_model
    from data_engine.labeling.strategies.uncertainty import least_confidence

    tables = AcceptedTables(gate.store, gate)
    row = row_of_now(gate, tables)
    if row is None:
        return None
    if runtime.corpus.asks_for_objects:
        return unsure_like_proposals(tables)
    model = load_model(row["artefact"])
    if model.class_names != runtime.corpus.class_names:
        return None
    return lambda x: least_confidence(model.predict_proba(x))


def _asked_of(
    runtime: CorpusRuntime, uncertainty: Uncertainty, batches: list[str], before: Arrivals
) -> "tuple[list[str], int, StreamThreshold]":
    """The samples of these batches to ask about, how many there are without an answer, and the threshold after them."""
    from data_engine.labeling.strategies.stream import StreamThreshold, asked

    tables = accepted_tables(runtime, run_id="review")
    threshold = StreamThreshold(runtime.corpus.review.arriving_share, before.confidence, before.spent)
    with runtime.queue() as queue:
        asked_already = queue.tables(runtime.corpus.name)["review_task"].to_pylist()
    known, chosen, n = {row["sample_id"] for row in asked_already if row["is_open"]}, [], 0
    known |= set(answered_samples(runtime).to_pylist())
    for batch in batches:
        arrived = tables.read("embeddings", columns=["sample_id"], batch=batch)["sample_id"].to_pylist()
        new = sorted(set(arrived) - known)
        if not new:
            continue
        ids, x = sorted_embeddings(tables, pa.array(new, pa.string()))
        is_asked, threshold = asked(uncertainty(x), threshold)
        chosen += [sample_id for sample_id, is_chosen in zip(ids, is_asked.tolist(), strict=True) if is_chosen]
        known |= set(ids)
        n += len(ids)
    return chosen, n, threshold


def _open(runtime: CorpusRuntime, chosen: list[str], n: int) -> str:
    from data_engine.review import NewTask
    from data_engine.review.queue_records import next_batch_id

    tables = accepted_tables(runtime, run_id="review")
    payloads = payloads_of(tables, chosen, with_sizes=runtime.corpus.asks_for_objects)
    tasks = [NewTask(sample_id, ARRIVING, "manual", payloads[sample_id], priority=1) for sample_id in chosen]
    cause = f"of {n:,} samples that arrived {len(chosen):,} are less certain than the threshold of the budget"
    with runtime.queue() as queue:
        known = {each.batch_id for each in queue.batches(runtime.corpus.name)} | taken_batches(runtime)
        batch_id = next_batch_id(runtime.corpus.name, ARRIVING, known)
        return open_questions(runtime, queue, batch_id, tasks, cause=cause)
