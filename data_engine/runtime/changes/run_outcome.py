"""What a run has changed: samples, subset, tree, labels and release, by the versions before and after it.

What differs before a run, and what it will do, is in `orchestration/launch/run_plan.py`.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc

from data_engine.errors import StorageError
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.plan import STEPS
from data_engine.runtime.versions import StepVersion, step_versions

if TYPE_CHECKING:
    import pyarrow as pa

    from data_engine.runtime.corpus_runtime import CorpusRuntime

Versions = Mapping[tuple[str, str], StepVersion]


def changes_of_a_run(runtime: "CorpusRuntime", before: Versions) -> list[str]:
    """What changed between these versions and those of now, a few words each; nothing is said of what is not there.

    Args:
        runtime: The corpus.
        before: The versions of every step when the run began.
    """
    after = step_versions(runtime.store())
    read = _Reading(runtime, before, after)
    return [*_samples(read), *_subset(read), *_tree(read), *_labels(read), *_release(read)]


def failed_warnings(runtime: "CorpusRuntime") -> list[str]:
    """The checks of the present versions that do not hold and hold nothing back: step, partition, what was found."""
    return [
        f"{row['step']} {row['batch']}".strip() + f": {row['check']}: {row['detail']}"
        for row in failed_checks(runtime)
        if not row["is_blocking"]
    ]


def failed_checks(runtime: "CorpusRuntime") -> list[dict[str, Any]]:
    """The rows of `check_results` about the present versions of steps whose check does not hold, in their order."""
    versions = step_versions(runtime.store())
    rows = runtime.store().read("check_results").to_pylist()
    return [
        row
        for row in sorted(rows, key=lambda row: (list(STEPS).index(row["step"]), row["batch"], row["check"]))
        if not row["passed"] and _is_present(versions, row)
    ]


def answers_left_out(runtime: "CorpusRuntime") -> str:
    """How many answered samples have no label now and why, in a sentence; empty where all have one."""
    gate = CheckGate(runtime, runtime.store(), "summary")
    version = gate.latest("labels", "") if runtime.corpus.has_labels else None
    if version is None or gate.refusal(version):
        return ""
    tables = AcceptedTables(gate.store, gate)
    reviewed = tables.read("reviewed_labels", columns=["sample_id", "purpose"])
    answered = pc.unique(reviewed.filter(pc.not_equal(reviewed["purpose"], "trap"))["sample_id"])
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
    report = runtime.store().read("drift_report", columns=["batch", "is_alarm", "p_value"])
    alarmed = report.filter(pc.field("is_alarm")).to_pylist()
    return dict(sorted({row["batch"]: row["p_value"] for row in alarmed}.items()))


class _Reading:
    """Tables of a corpus as they were before a run and as they are after it."""

    def __init__(self, runtime: "CorpusRuntime", before: Versions, after: Versions) -> None:
        self.store, self.before, self.after = runtime.store(), before, after
        gate = CheckGate(runtime, self.store, "plan", keeps_verdicts=False)
        #: The batches whose last rows are past their checks; what the others keep counts nowhere.
        self.accepted = {
            batch
            for batch, version in gate.accepted("first_pass").items()
            if version.table_version == after["first_pass", batch].table_version
        }

    def changed(self, step: str) -> list[str]:
        """The partitions of a step whose content is another than before."""
        return [
            batch
            for name, batch in sorted(self.after)
            if name == step and _content(self.before, step, batch) != _content(self.after, step, batch)
        ]

    def rows(self, table: str, step: str, batch: str, columns: list[str], versions: Versions) -> "pa.Table":
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
    """Raw samples that are new, those of them that are kept, and those that left."""
    n_new = n_gone = n_kept = n_held = 0
    for batch in read.changed("raw_index"):
        is_held = batch not in read.accepted
        n_held += read.after["raw_index", batch].n_rows if is_held else 0
        if ("raw_index", batch) not in read.before:
            # Of a new batch, which may be larger than the memory, no ids are read.
            n_new += read.after["raw_index", batch].n_rows
            n_kept += 0 if is_held else _n_kept(read, batch, read.after)
            continue
        before, after = (_ids(read, "raw_index", batch, versions) for versions in (read.before, read.after))
        n_new, n_gone = n_new + _n_not_in(after, before), n_gone + _n_not_in(before, after)
        n_kept += 0 if is_held else _n_not_in(_ids(read, "first_pass", batch, read.after), before)
    if n_new or n_gone:
        yield f"{n_new:,} new"
        yield f"{n_kept:,} kept"
    if n_held:
        yield f"{n_held:,} held back"
    if n_gone:
        yield f"{n_gone:,} gone"
    judged_anew = (set(read.changed("first_pass")) & read.accepted) - set(read.changed("raw_index"))
    if judged_anew:
        kept_before, kept_after = (
            sum(_n_kept(read, batch, versions) for batch in judged_anew) for versions in (read.before, read.after)
        )
        yield f"{kept_after:,} of the old ones kept, {kept_before:,} before"


def _ids(read: _Reading, step: str, batch: str, versions: Versions) -> "pa.Array":
    """The different samples of a step's own table; of the first pass, those that are kept."""
    columns = ["sample_id", "verdict"] if step == "first_pass" else ["sample_id"]
    rows = read.rows(step, step, batch, columns, versions)
    kept = rows.filter(pc.equal(rows["verdict"], "kept")) if step == "first_pass" else rows
    return pc.unique(kept["sample_id"])


def _n_not_in(some: "pa.Array", others: "pa.Array") -> int:
    return int(pc.sum(pc.invert(pc.is_in(some, others))).as_py() or 0)


def _n_kept(read: _Reading, batch: str, versions: Versions) -> int:
    judged = read.rows("first_pass", "first_pass", batch, ["verdict"], versions)
    return int(pc.sum(pc.equal(judged["verdict"], "kept")).as_py() or 0)


def _subset(read: _Reading) -> Iterator[str]:
    key = ("balanced_subset", "")
    if key not in read.after:
        return
    after = _ids(read, *key, read.after)
    if key not in read.before:
        yield f"{len(after):,} chosen"
        return
    before = _ids(read, *key, read.before)
    n_in, n_out = _n_not_in(after, before), _n_not_in(before, after)
    yield f"{n_in:,} of {len(after):,} changed places" if n_in or n_out else "subset as before"
    if len(before) != len(after):
        yield f"{len(before):,} were chosen before"


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
    columns = ["sample_id", "answer"]
    before, after = (
        dict(zip(*(rows[name].to_pylist() for name in columns), strict=True))
        for rows in (read.rows("labels", "labels", "", columns, versions) for versions in (read.before, read.after))
    )
    parts = {
        "new": len(after.keys() - before.keys()),
        "changed": sum(before[key] != after[key] for key in after.keys() & before.keys()),
        "gone": len(before.keys() - after.keys()),
    }
    said = ", ".join(f"{n:,} {what}" for what, n in parts.items() if n)
    yield f"{len(after):,} labels ({said})" if said else "labels as before"


def _release(read: _Reading) -> Iterator[str]:
    before, after = (_release_id(read, versions) for versions in (read.before, read.after))
    if after is None:
        return
    if before == after:
        yield f"release {after} as before"
    else:
        yield f"release {before} -> {after}" if before else f"release {after}, the first"


def _release_id(read: _Reading, versions: Versions) -> str | None:
    found = read.rows("release", "release", "", ["release_id"], versions)
    return found["release_id"][0].as_py() if found.num_rows else None


def _content(versions: Versions, step: str, batch: str) -> str | None:
    version = versions.get((step, batch))
    return None if version is None else version.data_version


def _is_present(versions: Versions, row: Mapping[str, Any]) -> bool:
    """Whether a result is about what the step last wrote."""
    version = versions.get((row["step"], row["batch"]))
    return version is not None and row["data_version"].partition(":")[0] == version.data_version
