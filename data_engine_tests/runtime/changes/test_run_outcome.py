from pathlib import Path

from schema_tables import Rows
from written_steps import NOON, notes_runtime, pass_checks, take_in, write_step

from data_engine.review import NewTask
from data_engine.runtime.amendments.forgetting import forget_batches
from data_engine.runtime.changes.run_outcome import (
    Standing,
    answers_left_out,
    changes_of_a_run,
    drift_alarms,
    failed_warnings,
    standing_of,
    warnings_now,
)
from data_engine.runtime.corpus_runtime import CorpusRuntime
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
    assert changes_of_a_run(runtime, Standing()) == []
    take_in(runtime, "may", _rows("abc"))
    _curated(runtime, "ab", "xy", "t1", "r1")
    assert changes_of_a_run(runtime, Standing()) == [
        "3 new",
        "3 kept",
        "2 chosen",
        "tree built",
        "2 labels (2 new)",
        "release r1, the first",
    ]
    # The release of before samples were forgotten is in no table.
    (runtime.corpus_folder / "releases" / "r0").mkdir(parents=True)
    assert changes_of_a_run(runtime, Standing())[-1] == "release r1"
    before = standing_of(runtime)
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
    now = standing_of(runtime)
    assert changes_of_a_run(runtime, now) == [
        "subset as before",
        "tree as before",
        "labels as before",
        "release r2 as before",
    ]


def test_what_a_held_batch_kept_counts_as_held_and_nothing_else(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    take_in(runtime, "may", _rows("abc"))
    may_alone = standing_of(runtime)
    held = take_in(runtime, "june", _rows("de"))
    pass_checks(runtime, held["first_pass"], passed=False)
    assert changes_of_a_run(runtime, Standing()) == ["3 new", "3 kept", "2 read and held back"]
    assert changes_of_a_run(runtime, may_alone) == ["2 read and held back"]
    with_held = standing_of(runtime)
    assert changes_of_a_run(runtime, with_held) == []
    take_in(runtime, "june", _rows("def"))
    assert changes_of_a_run(runtime, with_held) == ["3 new", "3 kept"]


def test_samples_that_move_to_another_batch_are_neither_new_nor_gone(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    take_in(runtime, "may", _rows("abc"))
    take_in(runtime, "june", _rows("de"))
    before = standing_of(runtime)
    forget_batches(runtime, ["may", "june"], run_id="moves")
    take_in(runtime, "all", _rows("abcde"))
    assert changes_of_a_run(runtime, before) == []
    forget_batches(runtime, ["all"], run_id="moves")
    take_in(runtime, "both", _rows("bcdef"))
    assert changes_of_a_run(runtime, before) == ["1 new", "1 kept", "1 gone"]


def test_a_batch_that_left_is_told_though_nothing_else_changed(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    take_in(runtime, "may", _rows("abc"))
    take_in(runtime, "june", _rows("de"))
    before = standing_of(runtime)
    forget_batches(runtime, ["june"], run_id="moves")
    assert changes_of_a_run(runtime, before) == ["2 gone"]


def test_samples_that_are_judged_otherwise_are_told_by_their_number(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    versions = take_in(runtime, "may", _rows("abcd"))
    before = standing_of(runtime)
    raw_index = {"raw_index": versions["raw_index"].table_version}
    judged = [{"sample_id": i, "verdict": "rejected" if i in "ab" else "kept"} for i in "abcd"]
    pass_checks(runtime, write_step(runtime.store(), "first_pass", judged, "may", table_versions=raw_index))
    assert changes_of_a_run(runtime, before) == ["2 kept before are rejected now"]
    stricter = standing_of(runtime)
    judged = [{"sample_id": i, "verdict": "rejected" if i == "a" else "kept"} for i in "abcd"]
    pass_checks(runtime, write_step(runtime.store(), "first_pass", judged, "may", table_versions=raw_index))
    assert changes_of_a_run(runtime, stricter) == ["1 rejected before is kept now"]


def test_labels_that_only_leave_the_subset_or_are_given_by_somebody_else_are_no_labels_as_before(
    tmp_path: Path,
) -> None:
    runtime = notes_runtime(tmp_path)
    label = {"sample_id": "a", "answer": "x", "in_subset": True, "provenance": "imported"}
    write_step(runtime.store(), "labels", [label])
    before = standing_of(runtime)
    write_step(runtime.store(), "labels", [{**label, "in_subset": False}])
    assert changes_of_a_run(runtime, before) == ["1 label (1 now outside the subset)"]
    outside = standing_of(runtime)
    write_step(runtime.store(), "labels", [{**label, "in_subset": True, "provenance": "human"}])
    assert changes_of_a_run(runtime, outside) == ["1 label (1 now in the subset, 1 the same by somebody else)"]


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
    assert warnings_now(runtime)[-1] == "drift: june differs from the other batches (p = 0.001)"


def test_samples_whose_answers_wait_are_said_to_have_no_label_yet(tmp_path: Path) -> None:
    labels = {"question": "?", "classes": ["baking", "trains"], "given": {"column": "topic"}}
    runtime = notes_runtime(tmp_path, labels=labels, review={}, known_label_column=None)
    pass_checks(runtime, write_step(runtime.store(), "labels", [{"sample_id": "b", "answer": "x"}]))
    assert answers_left_out(runtime) == ""
    tasks = [NewTask(sample_id=i, purpose="hold_out", arm="manual", payload={}) for i in "ab"]
    with runtime.queue() as queue:
        queue.open_batch(
            "one", corpus="notes", question="?", classes=labels["classes"], tasks=tasks, cause="c", now=NOON
        )
        lease = queue.next("ada", now=NOON)
        assert lease is not None
        queue.submit(lease.lease_id, "1", label="baking", now=NOON)
    assert answers_left_out(runtime) == (
        "1 answered sample has no label yet: its round is unfinished, or its class is gone; given labels do not count "
        "against answers"
    )
