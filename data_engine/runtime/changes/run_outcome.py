"""What a run has changed: samples, subset, tree, labels and release, by the versions before and after it.

What differs before a run, and what it will do, is in `orchestration/launch/run_plan.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import StorageError
from data_engine.reporting import number_format
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.made_from.answered_samples import answered_and_waiting
from data_engine.runtime.plan import STEPS
from data_engine.runtime.versions import StepVersion, step_versions

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime

Versions = Mapping[tuple[str, str], StepVersion]

#: The steps whose partitions are compared at the versions that count, which need not be the last ones.
_OF_BATCHES = ("raw_index", "first_pass")


@dataclass(frozen=True)
class Standing:
    """Where a corpus stands at a moment; nowhere before its first run.

    Attributes:
        last: What each step last wrote for each partition.
        open: The same, but of the batches only what has passed all checks: of one that is held back the version that
            was accepted before, or none.
        questions: The same of each of several questions.
    """

    last: Versions = field(default_factory=dict)
    open: Versions = field(default_factory=dict)
    questions: "Mapping[str, Standing]" = field(default_factory=dict)


def standing_of(runtime: "CorpusRuntime") -> Standing:
    """Where a corpus stands now; for the end of a run, which is held against where it stood when the run began."""
    last = step_versions(runtime.store())
    last = {key: version for key, version in last.items() if key[0] in runtime.steps}
    gate = CheckGate(runtime, runtime.store(), "run", keeps_verdicts=False)
    accepted = {step: gate.accepted(step) for step in _OF_BATCHES}
    both = set.intersection(*map(set, accepted.values()))
    counting = {(step, batch): accepted[step][batch] for step in _OF_BATCHES for batch in both}
    opened = {key: version for key, version in last.items() if key[0] not in _OF_BATCHES} | counting
    return Standing(last, opened, {each.question: standing_of(each) for each in runtime.questions})


def changes_of_a_run(runtime: "CorpusRuntime", before: Standing) -> list[str]:
    """What changed between a moment and now, a few words each; nothing is said of what is not there.

    Args:
        runtime: The corpus.
        before: Where it stood when the run began.
    """
    after = standing_of(runtime)
    read = _Reading(runtime, before, after)
    found = [*_samples(read), *_subset(read), *_tree(read), *_labels(read)]
    for each in runtime.questions:
        then = before.questions.get(each.question, Standing())
        found += (f"{each.question}: {said}" for said in _labels(_Reading(each, then, after.questions[each.question])))
    return [*found, *_release(read)]


def warnings_now(runtime: "CorpusRuntime") -> list[str]:
    """What a person should look at: checks that do not hold and hold nothing back, and batches that drifted."""
    drifted = (
        f"drift: {batch} differs from the other batches (p = {number_format.number(p_value)})"
        for batch, p_value in drift_alarms(runtime).items()
    )
    return [*failed_warnings(runtime), *drifted]


def failed_warnings(runtime: "CorpusRuntime") -> list[str]:
    """The checks of the present versions that do not hold and hold nothing back: step, partition, what was found."""
    return [
        f"{row['step']} {row['batch']}".strip() + f": {row['check']}: {row['detail']}"
        for row in failed_checks(runtime)
        if not row["is_blocking"]
    ]


def failed_checks(runtime: "CorpusRuntime") -> list[dict[str, Any]]:
    """The rows of `check_results` about the present versions of steps whose check does not hold, in their order.

    Those of several questions come last, with the name of the question before that of the step.
    """
    versions = step_versions(runtime.store())
    rows = (row for row in runtime.store().read("check_results").to_pylist() if row["step"] in runtime.own_steps)
    found = [
        row
        for row in sorted(rows, key=lambda row: (list(STEPS).index(row["step"]), row["batch"], row["check"]))
        if not row["passed"] and _is_present(versions, row)
    ]
    for each in runtime.questions:
        found += [{**row, "step": f"{each.question} {row['step']}"} for row in failed_checks(each)]
    return found


def answers_left_out(runtime: "CorpusRuntime") -> str:
    """How many answered samples have no label now and why, in a sentence; empty where all have one."""
    gate = CheckGate(runtime, runtime.store(), "summary")
    version = gate.latest("labels", "") if runtime.corpus.has_labels else None
    if version is None or gate.refusal(version):
        return ""
    tables = AcceptedTables(gate.store, gate)
    return "; ".join(filter(None, (_taken_over_left_out(tables), _said_of_waiting(runtime, tables))))


def _said_of_waiting(runtime: "CorpusRuntime", tables: AcceptedTables) -> str:
    """How many samples have a given label that does not count, and an answer that does not either."""
    n = len(answered_and_waiting(runtime, tables))
    if not n:
        return ""
    samples = "1 answered sample has" if n == 1 else f"{n:,} answered samples have"
    why = (
        "its round is unfinished, or its class is gone" if n == 1 else "their round is unfinished, or their class gone"
    )
    return f"{samples} no label yet: {why}; given labels do not count against answers"


def _taken_over_left_out(tables: AcceptedTables) -> str:
    """How many samples whose answers are taken over have no label, and why."""
    reviewed = tables.read("reviewed_labels", columns=["sample_id", "purpose"])
    is_about_itself = pc.invert(pc.is_in(reviewed["purpose"], pa.array(["trap", "synthesised"])))
    answered = pc.unique(reviewed.filter(is_about_itself)["sample_id"])
    left = answered.filter(
        pc.invert(pc.is_in(answered, tables.read("labels", columns=["sample_id"])[0].combine_chunks()))
    )
    if not len(left):
        return ""
    places = {
        "outside the subset, and subset.keep_labelled is off": "tree_assignments",
        "rejected by the first pass": "raw_index",
    }
    parts, rest = [], left
    repeats = tables.read("semantic_duplicates", columns=["sample_id"])["sample_id"].combine_chunks()
    found = {"removed as semantic duplicates": repeats}
    for what, table in places.items():
        among = {"sample_id": left}
        found[what] = tables.read(table, columns=["sample_id"], among=among)["sample_id"].combine_chunks()
    for what, ids in found.items():
        is_there = pc.is_in(rest, ids)
        n = int(pc.sum(is_there).as_py() or 0)
        parts += [f"{n:,} {what}"] if n else []
        rest = rest.filter(pc.invert(is_there))
    parts += [f"{len(rest):,} in no accepted batch of the source"] if len(rest) else []
    samples = "1 answered sample has" if len(left) == 1 else f"{len(left):,} answered samples have"
    return f"{samples} no label now: {'; '.join(parts)}; the answers are kept"


def drift_alarms(runtime: "CorpusRuntime") -> dict[str, float]:
    """The batches whose newest report is an alarm, each with the p-value of its drift."""
    from data_engine import drift

    columns = ["batch", "p_value", "is_alarm", "is_suspect"]
    return drift.alarms(runtime.store().read("drift_report", columns=columns))


class _Reading:
    """Tables of a corpus as they were before a run and as they are after it."""

    def __init__(self, runtime: "CorpusRuntime", before: Standing, after: Standing) -> None:
        self.store, self.before, self.after = runtime.store(), before.open, after.open
        newly_read = _changed(before.last, after.last, "raw_index")
        self.n_held = sum(
            after.last["raw_index", batch].n_rows
            for batch in newly_read
            if after.last["raw_index", batch] != after.open.get(("raw_index", batch))
        )

    def changed(self, step: str) -> list[str]:
        """The partitions of a step whose content is another than before."""
        return _changed(self.before, self.after, step)

    def gone(self, step: str) -> list[str]:
        """The partitions of a step that there are no more."""
        return sorted(batch for name, batch in self.before.keys() - self.after.keys() if name == step)

    def ids(self, step: str, batches: Sequence[str], versions: Versions) -> pa.Array:
        """The different samples of a step's own table in some partitions; of the first pass, those that are kept."""
        columns = ["sample_id", "verdict"] if step == "first_pass" else ["sample_id"]
        parts = [self.rows(step, step, batch, columns, versions) for batch in batches]
        if step == "first_pass":
            parts = [part.filter(pc.equal(part["verdict"], "kept")) for part in parts]
        chunks = [chunk for part in parts for chunk in part["sample_id"].chunks]
        return pc.unique(pa.chunked_array(chunks, pa.string()))

    def rows(self, table: str, step: str, batch: str, columns: list[str], versions: Versions) -> pa.Table:
        """Some columns of a table as a version of its step left it; empty where there is none, or it is lost."""
        version = versions.get((step, batch))
        at = None if version is None else version.version_of(table)
        if at is None:
            return self.store.read(table, columns=columns).slice(0, 0)
        try:
            return self.store.read(table, partition={"batch": batch} if batch else None, columns=columns, version=at)
        except StorageError:
            return self.store.read(table, columns=columns).slice(0, 0)


def _samples(read: _Reading) -> Iterator[str]:
    """Samples that are new, those of them that are kept, those that left, and those that are judged otherwise.

    They are told apart by their ids, so that what only moved to another batch, or came again, is none of these.
    """
    changed, gone = read.changed("raw_index"), read.gone("raw_index")
    before = read.ids("raw_index", [*changed, *gone], read.before)
    if len(before):
        after = read.ids("raw_index", changed, read.after)
        n_new, n_gone = _n_not_in(after, before), _n_not_in(before, after)
        n_kept = _n_not_in(read.ids("first_pass", changed, read.after), before)
        stayed = before.filter(pc.is_in(before, after))
    else:
        # Where nothing was there before no ids are read: a first batch may be larger than the memory.
        n_new, n_gone, stayed = sum(read.after["raw_index", batch].n_rows for batch in changed), 0, before
        n_kept = sum(_n_kept(read, batch) for batch in changed)
    if n_new:
        yield f"{n_new:,} new"
        yield f"{n_kept:,} kept"
    if read.n_held:
        yield f"{read.n_held:,} read and held back"
    if n_gone:
        yield f"{n_gone:,} gone"
    yield from _judged_otherwise(read, changed, gone, stayed)


def _judged_otherwise(read: _Reading, changed: list[str], gone: list[str], stayed: pa.Array) -> Iterator[str]:
    """Samples that were there before and that the first pass rejects now, or no longer, wherever they lie by now."""
    n_rejected = n_back = 0
    again = sorted(set(read.changed("first_pass")) - set(changed))
    for befores, afters in (([*changed, *gone], changed), *(([batch], [batch]) for batch in again)):
        then, now = read.ids("first_pass", befores, read.before), read.ids("first_pass", afters, read.after)
        if afters is changed:
            then, now = (kept.filter(pc.is_in(kept, stayed)) for kept in (then, now))
        n_rejected, n_back = n_rejected + _n_not_in(then, now), n_back + _n_not_in(now, then)
    if n_rejected:
        yield f"{n_rejected:,} kept before {'is' if n_rejected == 1 else 'are'} rejected now"
    if n_back:
        yield f"{n_back:,} rejected before {'is' if n_back == 1 else 'are'} kept now"


def _n_not_in(some: pa.Array, others: pa.Array) -> int:
    return int(pc.sum(pc.invert(pc.is_in(some, others))).as_py() or 0)


def _n_kept(read: _Reading, batch: str) -> int:
    judged = read.rows("first_pass", "first_pass", batch, ["verdict"], read.after)
    return int(pc.sum(pc.equal(judged["verdict"], "kept")).as_py() or 0)


def _subset(read: _Reading) -> Iterator[str]:
    key = ("balanced_subset", "")
    if key not in read.after:
        return
    after = read.ids(key[0], [""], read.after)
    if key not in read.before:
        yield f"{len(after):,} chosen"
        return
    before = read.ids(key[0], [""], read.before)
    n_in, n_out = _n_not_in(after, before), _n_not_in(before, after)
    if len(before) != len(after):
        yield f"{len(after):,} chosen ({n_in:,} came, {n_out:,} left)"
    else:
        yield f"{n_in:,} of {len(after):,} changed places" if n_in else "subset as before"


def _tree(read: _Reading) -> Iterator[str]:
    if ("cluster_tree", "") not in read.after:
        return
    before, after = (_tree_version(read, versions) for versions in (read.before, read.after))
    yield "tree built" if before is None else "tree as before" if before == after else "tree built anew"


def _tree_version(read: _Reading, versions: Versions) -> str | None:
    found = read.rows("cluster_tree", "cluster_tree", "", ["tree_version"], versions)
    return found["tree_version"][0].as_py() if found.num_rows else None


def _labels(read: _Reading) -> Iterator[str]:
    if ("labels", "") not in read.after:
        return
    before, after = (_labels_of(read, versions) for versions in (read.before, read.after))
    both = after.keys() & before.keys()
    parts = {
        "new": len(after.keys() - before.keys()),
        "changed": sum(before[key][0] != after[key][0] for key in both),
        "gone": len(before.keys() - after.keys()),
        "now outside the subset": sum(before[key][1] and not after[key][1] for key in both),
        "now in the subset": sum(after[key][1] and not before[key][1] for key in both),
        "the same by somebody else": sum(
            before[key][0] == after[key][0] and before[key][2] != after[key][2] for key in both
        ),
    }
    said = ", ".join(f"{n:,} {what}" for what, n in parts.items() if n)
    n = f"{len(after):,} {'label' if len(after) == 1 else 'labels'}"
    yield f"{n} ({said})" if said else "labels as before"


def _labels_of(read: _Reading, versions: Versions) -> dict[str, tuple[str, bool, str]]:
    """Answer, whether the sample is in the subset, and provenance, by sample."""
    rows = read.rows("labels", "labels", "", ["sample_id", "answer", "in_subset", "provenance"], versions)
    ids, answers, inside, provenance = (rows[name].to_pylist() for name in rows.column_names)
    # Of labels of earlier, which were all of the subset, it is null.
    is_inside = [each is not False for each in inside]
    return dict(zip(ids, zip(answers, is_inside, provenance, strict=True), strict=True))


def _release(read: _Reading) -> Iterator[str]:
    before, after = (_release_id(read, versions) for versions in (read.before, read.after))
    if after is None:
        return
    if before == after:
        yield f"release {after} as before"
    else:
        # After samples were forgotten no table knows the releases before, but their folders are there.
        others = [path for path in read.store.folder.glob("releases/[!.]*") if path.name != after]
        first = "" if others else ", the first"
        yield f"release {before} -> {after}" if before else f"release {after}{first}"


def _release_id(read: _Reading, versions: Versions) -> str | None:
    found = read.rows("release", "release", "", ["release_id"], versions)
    return found["release_id"][0].as_py() if found.num_rows else None


def _changed(before: Versions, after: Versions, step: str) -> list[str]:
    """The partitions of a step whose content is another than before."""
    parts = (batch for name, batch in sorted(after) if name == step)
    return [batch for batch in parts if _content(before, step, batch) != _content(after, step, batch)]


def _content(versions: Versions, step: str, batch: str) -> str | None:
    version = versions.get((step, batch))
    return None if version is None else version.data_version


def _is_present(versions: Versions, row: Mapping[str, Any]) -> bool:
    """Whether a result is about what the step last wrote."""
    version = versions.get((row["step"], row["batch"]))
    return version is not None and row["data_version"].partition(":")[0] == version.data_version
