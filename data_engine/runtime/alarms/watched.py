"""The values that raise an alarm when they cross a limit, and what is launched about each.

Drift, which is no value over time but a test of one batch, is in `drift_review.py`.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import reporting
from data_engine.drift.crossing import Threshold
from data_engine.labeling.answers.registry import kind_of
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.amendments.taken_batches import not_taken_over, taken_batches
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.label_history import by_opening, in_order_of_opening
from data_engine.runtime.review_rounds import create_review_batch, open_questions, payloads_of
from data_engine.runtime.versions import fingerprint

NOTHING = "nothing"
"""What is launched where only a person can help."""


@dataclass(frozen=True)
class Measured:
    """A watched value of now.

    Attributes:
        subject: What it is of; each has an alarm of its own.
        value: What was measured.
        threshold: Its limits.
        version: Of what it was measured on: the same version raises no second alarm.
        said: The value in words.
    """

    subject: str
    value: float
    threshold: Threshold
    version: str
    said: str


@dataclass(frozen=True)
class Watch:
    """A kind of alarm.

    Attributes:
        kind: Its name in the table `alarms`.
        measure: The values of now; none where nothing can be measured yet.
        launch: Does something about a value that crossed its limit, and says what.
        first_counts: Whether a value may raise the alarm that was never right before.
        of_questions: Whether each of several questions is watched, or the corpus as a whole.
    """

    kind: str
    measure: Callable[[CorpusRuntime], list[Measured]]
    launch: Callable[[CorpusRuntime, Measured], str]
    first_counts: bool
    of_questions: bool = True


def _uncertainty(runtime: CorpusRuntime) -> list[Measured]:
    """Mean uncertainty of the proposals."""
    gate = CheckGate(runtime, runtime.store(), "plan")
    version = gate.latest("proposals", "")
    if version is None or gate.refusal(version):
        return []
    uncertainty = AcceptedTables(gate.store, gate).read("proposals", columns=["uncertainty"])["uncertainty"]
    value, limit = pc.mean(uncertainty).as_py(), runtime.corpus.review.open_at_mean_uncertainty
    if value is None:
        return []
    threshold = Threshold(limit, limit - runtime.corpus.alarms.margin)
    said = f"mean uncertainty of the proposals {value:.2f}"
    return [Measured(runtime.corpus.name, value, threshold, version.data_version, said)]


def _accepted(runtime: CorpusRuntime) -> list[Measured]:
    """Share of the proposals that deciders take without a person."""
    gate, limit = CheckGate(runtime, runtime.store(), "plan"), runtime.corpus.alarms.accepted_below
    version = gate.latest("proposals", "")
    if not limit or version is None or gate.refusal(version):
        return []
    routes = AcceptedTables(gate.store, gate).read("proposals", columns=["route"])["route"].to_pylist()
    if not routes:
        return []
    value = sum(route != "person" for route in routes) / len(routes)
    said = f"{value:.0%} of the proposals are accepted without a person"
    threshold = Threshold(limit, limit + runtime.corpus.alarms.margin)
    return [Measured(runtime.corpus.name, value, threshold, version.data_version, said)]


def _agreement(runtime: CorpusRuntime) -> list[Measured]:
    """Krippendorff's alpha of the newest answered review batch in which several people answered a sample."""
    from data_engine.labeling.answers.annotator_figures import agreement
    from data_engine.labeling.answers.registry import kind_of
    from data_engine.review.queue_records import is_of_kind

    gate, name = CheckGate(runtime, runtime.store(), "plan"), runtime.corpus.name
    tables, accepted = AcceptedTables(gate.store, gate), gate.accepted("reviewed_labels")
    limit = runtime.corpus.review.min_agreement
    rounds = {each for each in accepted if not any(is_of_kind(each, name, kind) for kind in ("disputed", "imported"))}
    for batch in reversed(in_order_of_opening(runtime, rounds)):
        rows = tables.read("reviewed_labels", batch=batch)
        rows = rows.filter(pc.not_equal(rows["provenance"], "adjudicated")).to_pylist()
        alpha = agreement(rows, kind_of(row["kind"] for row in rows))
        if alpha is not None:
            threshold = Threshold(limit, limit + runtime.corpus.alarms.margin)
            version = f"{batch} {accepted[batch].data_version}"
            return [Measured(name, alpha, threshold, version, f"agreement {alpha:.2f} in {batch}")]
    return []


def _held_back(runtime: CorpusRuntime) -> list[Measured]:
    """Of each stage of the graph, how many of its tables and batches a blocking check holds back."""
    from data_engine.runtime.changes.run_outcome import failed_checks

    failed = [row for row in failed_checks(runtime) if row["is_blocking"]]
    held = Counter(step for step, _ in {(row["step"], row["batch"]) for row in failed})
    found = []
    for step in dict.fromkeys([*runtime.steps, *held]):
        checks = sorted((row["batch"], row["check"]) for row in failed if row["step"] == step)
        version = fingerprint({f"{batch} {check}": "" for batch, check in checks})
        said = f"{step} has {held[step]} held back: {', '.join(sorted({check for _, check in checks}))}"
        found.append(
            Measured(step, float(held[step]), Threshold(0.5, 0.0), version, said if checks else f"{step} is open")
        )
    return found


def _class_stages(runtime: CorpusRuntime) -> list[Measured]:
    """Of each class that proposals are shown of, how surely these are as people say without them."""
    gate = CheckGate(runtime, runtime.store(), "plan")
    answers = gate.accepted("reviewed_labels")
    reviewed = AcceptedTables(gate.store, gate).read("reviewed_labels")
    labels, margin, found = runtime.corpus.labels, runtime.corpus.alarms.margin, []
    if not reviewed.num_rows:
        return []
    of_answers = fingerprint({batch: version.data_version for batch, version in answers.items()})
    ordered = {"reviewed_labels": by_opening(runtime, reviewed)}
    for row in reporting.class_stages_of(runtime.corpus, ordered).to_pylist():
        if row["proposed_low"] is None or row["is_simulated"]:
            continue
        threshold = Threshold(labels.target_precision - margin, labels.target_precision)
        said = f"proposals of {row['class']} are as people say without them in at least {row['proposed_low']:.2f}"
        subject = f"{runtime.corpus.name}/{row['class']}"
        found.append(Measured(subject, row["proposed_low"], threshold, of_answers, said))
    return found


def _open_round(runtime: CorpusRuntime, measured: Measured) -> str:
    """The review batch that waits for people or for its answers to be taken over, or the next round."""
    with runtime.queue() as queue:
        waiting = [batch.batch_id for batch in queue.batches(runtime.corpus.name) if not batch.is_ready]
    waiting += not_taken_over(runtime)
    opened = waiting[0] if waiting else create_review_batch(runtime, cause=measured.said)
    return f"review batch {opened}" if opened else NOTHING


def _ask_about_disputed(runtime: CorpusRuntime, measured: Measured) -> str:
    """A review batch about the samples that people answered differently, without what they said."""
    from data_engine.labeling.answers.annotator_figures import shared_answers
    from data_engine.review import NewTask
    from data_engine.review.queue_records import next_batch_id

    gate = CheckGate(runtime, runtime.store(), "review")
    tables, of_batch = AcceptedTables(gate.store, gate), measured.version.rpartition(" ")[0]
    rows = tables.read("reviewed_labels", batch=of_batch)
    rows = rows.filter(pc.not_equal(rows["provenance"], "adjudicated"))
    disputed, kind = [], kind_of(pc.unique(rows["kind"]).to_pylist())
    for sample_id in pc.unique(rows["sample_id"]).to_pylist():
        given = shared_answers(rows.filter(pc.equal(rows["sample_id"], sample_id)).to_pylist())
        pairs = (pair for each in given for pair in combinations(each.values(), 2))
        disputed += [sample_id] if any(not kind.is_same(one, other) for one, other in pairs) else []
    held = pc.is_in(rows["purpose"], pa.array(["hold_out"]))
    disputed = [each for each in disputed if each not in set(rows.filter(held)["sample_id"].to_pylist())]
    if not disputed:
        return NOTHING
    payloads = payloads_of(tables, disputed, with_sizes=runtime.corpus.asks_for_objects)
    with runtime.queue() as queue:
        known = {each.batch_id for each in queue.batches(runtime.corpus.name)} | taken_batches(runtime)
        batch_id = next_batch_id(runtime.corpus.name, "disputed", known)
        tasks = [NewTask(each, "doubtful", "blind", payload=payloads[each]) for each in disputed]
        return f"review batch {open_questions(runtime, queue, batch_id, tasks, cause=measured.said)}"


WATCHES = (
    Watch("uncertainty", _uncertainty, _open_round, first_counts=False),
    Watch("agreement", _agreement, _ask_about_disputed, first_counts=True),
    Watch("gate", _accepted, _open_round, first_counts=False),
    Watch("class_stage", _class_stages, _open_round, first_counts=False),
    Watch("stage", _held_back, lambda *_: NOTHING, first_counts=True, of_questions=False),
)
"""Every watched value. To add one: a function that measures it, one that does something about it, and an entry."""
