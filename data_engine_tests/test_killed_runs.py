"""kill -9 in the middle of every step: the next run ends like one that nothing disturbed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest
from small_project import SmallProject, notes_corpus, write_notes

from data_engine.errors import ConcurrentWrite
from data_engine.orchestration.launch.command_lock import corpus_lock
from data_engine.orchestration.launch.orphaned_runs import fail_orphaned_runs, process_tags
from data_engine.runtime.sql_models import sql_folder
from data_engine.runtime.versions import step_versions
from data_engine.warehouse import load_models, load_tests, run_tests

_HERE = Path(__file__).resolve().parent


def _points_of(step: str) -> list[str]:
    """Before its rows are committed; and after that, before the step is on record as done."""
    return [f"before the table of:{step}", f"before the version of:{step}"]


#: In the order in which a run comes by them, so that every killed run goes further than the one before.
POINTS = [
    *_points_of("raw_index"),
    "before the checks of:raw_index",
    *_points_of("first_pass"),
    "while embedding:",
    *_points_of("embeddings"),
    "before the table of:tree_assignments",
    *_points_of("cluster_tree"),
    "before the ledger of:balanced_subset",
    *_points_of("balanced_subset"),
    "before the checks of:balanced_subset",
    *_points_of("drift_report"),
    "before opening a review batch:",
    "after opening a review batch:",
    "before answer:10",
    "after answer:10",
    *(point for step in ("reviewed_labels", "classifier", "proposals", "labels") for point in _points_of(step)),
    *_points_of("quality_report"),
    "after exporting the release:",
    *_points_of("release"),
    "before mart:3",
    "before the version of:sql_models",
]


def _processes(runs: list[dict[str, object]]) -> tuple[list[int], str]:
    """The exit status of every run of a plan, and what all of them printed."""
    done = subprocess.run(
        [sys.executable, str(_HERE / "support" / "killed_process.py")],
        input=json.dumps(runs),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return [int(line) for line in done.stdout.splitlines()], done.stderr


def _environment(folder: Path) -> dict[str, str]:
    home = folder / "home"
    home.mkdir(parents=True)
    shutil.copy(_HERE.parent / ".dagster_home" / "dagster.yaml", home)
    return {"DAGSTER_HOME": str(home), "DATA_ENGINE_DATA": str(folder / "data")}


@pytest.fixture
def few_notes(project: SmallProject) -> SmallProject:
    """A project with the corpus `notes` in two small batches."""
    for seed, batch in enumerate(("may", "june")):
        write_notes(project.folder / "source", batch, 90, seed)
    project.add(notes_corpus(project.folder / "source", subset={"target_size": 120}, tree={"n_clusters": [30, 8]}))
    return project


def _versions(project: SmallProject) -> dict[tuple[str, str], str]:
    store = project.load().runtime("notes").store()
    return {key: version.data_version for key, version in step_versions(store).items()}


def _use(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_a_run_killed_at_every_point_in_turn_ends_like_an_undisturbed_one(
    few_notes: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, disturbed = _environment(tmp_path / "undisturbed"), _environment(tmp_path / "disturbed")
    plan = {"folder": str(few_notes.folder), "corpus": "notes"}
    statuses, said = _processes(
        [
            {**plan, "environment": undisturbed, "killed": ""},
            *({**plan, "environment": disturbed, "killed": point} for point in [*POINTS, ""]),
        ]
    )
    assert statuses == [0, *[-signal.SIGKILL] * len(POINTS), 0], said
    _use(monkeypatch, undisturbed)
    expected = _versions(few_notes)
    _use(monkeypatch, disturbed)
    assert _versions(few_notes) == expected
    with dg.DagsterInstance.get() as instance:
        statuses_in_the_ui = [run.status for run in instance.get_runs()]
    assert set(statuses_in_the_ui) == {dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE}


def test_a_killed_run_is_marked_as_failed_and_gives_back_its_place_in_the_pool(few_notes: SmallProject) -> None:
    plan = {"folder": str(few_notes.folder), "corpus": "notes", "environment": {}}
    assert _processes([{**plan, "killed": "while embedding:"}])[0] == [-signal.SIGKILL]
    with dg.DagsterInstance.get() as instance:
        alive = instance.create_run_for_job(_nothing_to_do, tags=process_tags())
        (killed,) = instance.get_runs(filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED]))
        assert instance.event_log_storage.get_concurrency_info("text_encoder").active_run_ids == {killed.run_id}
        assert [run.run_id for run in fail_orphaned_runs(instance)] == [killed.run_id]
        assert instance.event_log_storage.get_concurrency_info("text_encoder").active_run_ids == set()
        assert fail_orphaned_runs(instance) == []
        ended, untouched = instance.get_run_by_id(killed.run_id), instance.get_run_by_id(alive.run_id)
    assert ended is not None
    assert untouched is not None
    assert (ended.status, untouched.status) == (dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.NOT_STARTED)


@dg.job
def _nothing_to_do() -> None:
    """A job without steps."""


def test_a_second_command_on_the_same_corpus_is_told_who_is_at_work(few_notes: SmallProject) -> None:
    with (
        corpus_lock(few_notes.load().runtime("notes")),
        pytest.raises(ConcurrentWrite, match=rf"at work on corpus notes \(process {os.getpid()} on "),
    ):
        few_notes.run("notes")


def test_two_commands_at_the_same_moment_leave_the_tables_consistent(few_notes: SmallProject) -> None:
    plan = [{"folder": str(few_notes.folder), "corpus": "notes", "environment": {}, "killed": ""}]
    with ThreadPoolExecutor(2) as both:
        one, other = both.map(_processes, [plan, plan])
    assert 0 in (*one[0], *other[0]), one[1] + other[1]
    for statuses, said in (one, other):
        assert statuses == [0] or "another command is at work on corpus notes" in said
    runtime = few_notes.load().runtime("notes")
    folder = sql_folder(runtime)
    with runtime.queue() as queue:
        review = queue.tables()
    results = run_tests(
        runtime.store(), load_tests(folder), load_models(folder), review=review, variables={"out_of_scope": ""}
    )
    assert {result.name for result in results if not result.passed} == set()
    assert "kept_ids_are_unique_across_batches" in {result.name for result in results}
