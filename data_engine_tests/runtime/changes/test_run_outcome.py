from pathlib import Path

from schema_tables import Rows
from written_steps import NOON, notes_runtime, pass_checks, take_in, write_step

from data_engine.runtime.changes.run_outcome import changes_of_a_run, drift_alarms, failed_warnings
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.versions import step_versions
from data_engine.storage import TableStore


def _rows(ids: str) -> Rows:
    return [{"sample_id": sample_id} for sample_id in ids]


def _curated(runtime: CorpusRuntime, chosen: str, labels: str, tree: str, release: str) -> None:
    store = runtime.store()
    write_step(store, "cluster_tree", [{"tree_version": tree}])
    write_step(store, "balanced_subset", _rows(chosen))
    write_step(store, "labels", [{"sample_id": i, "answer": a} for i, a in zip(chosen, labels, strict=True)])
    write_step(store, "release", [{"sample_id": i, "release_id": release} for i in chosen])


def test_a_run_says_what_is_new_kept_moved_and_released(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    assert changes_of_a_run(runtime, {}) == []
    take_in(runtime, "may", _rows("abc"))
    _curated(runtime, "ab", "xy", "t1", "r1")
    assert changes_of_a_run(runtime, {}) == [
        "3 new",
        "3 kept",
        "2 chosen",
        "tree built",
        "2 labels (2 new)",
        "release r1, the first",
    ]
    before = step_versions(runtime.store())
    take_in(runtime, "may", _rows("bcdef"))
    _curated(runtime, "bd", "zy", "t1", "r2")
    assert changes_of_a_run(runtime, before) == [
        "3 new",
        "3 kept",
        "1 gone",
        "1 of 2 changed places",
        "tree as before",
        "2 labels (1 new, 1 changed, 1 gone)",
        "release r1 -> r2",
    ]
    now = step_versions(runtime.store())
    assert changes_of_a_run(runtime, now) == [
        "subset as before",
        "tree as before",
        "labels as before",
        "release r2 as before",
    ]


def test_what_a_held_batch_kept_counts_as_held_and_not_as_kept(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    take_in(runtime, "may", _rows("abc"))
    held = take_in(runtime, "june", _rows("de"))
    pass_checks(runtime, held["first_pass"], passed=False)
    assert changes_of_a_run(runtime, {}) == ["5 new", "3 kept", "2 held back"]
    may_alone = {key: version for key, version in step_versions(runtime.store()).items() if key[1] == "may"}
    assert changes_of_a_run(runtime, may_alone) == ["2 new", "0 kept", "2 held back"]


def _checked(store: TableStore, step: str, data_version: str, *, is_blocking: bool) -> None:
    from schema_tables import table

    row = {"step": step, "batch": "", "check": "is_wide", "detail": "too narrow", "passed": False}
    kept = {**row, "is_blocking": is_blocking, "data_version": f"{data_version}:rules", "checked_at": NOON}
    store.write(
        "check_results",
        table("check_results", [kept]),
        partition={"step": step, "batch": ""},
        run_id="r",
        code_version="1",
    )


def test_warnings_of_present_versions_are_told_and_drift_names_its_batch(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    version = write_step(store, "labels", [{"sample_id": "a"}])
    write_step(store, "cluster_tree", [{"tree_version": "t"}])
    _checked(store, "labels", version.data_version, is_blocking=False)
    _checked(store, "cluster_tree", "an earlier one", is_blocking=False)
    assert failed_warnings(runtime) == ["labels: is_wide: too narrow"]
    _checked(store, "labels", version.data_version, is_blocking=True)
    assert failed_warnings(runtime) == []
    write_step(store, "drift_report", [{"is_alarm": True, "p_value": 0.001}], "june")
    write_step(store, "drift_report", [{"is_alarm": False, "p_value": 0.5}], "may")
    assert drift_alarms(runtime) == {"june": 0.001}
