"""kill -9 in the middle of every step: the next run ends like one that nothing disturbed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from small_project import SmallProject, notes_corpus, write_notes

from data_engine.orchestration.dead_runs import bury_dead_runs, process_tags
from data_engine.orchestration.pipeline import STEPS
from data_engine.orchestration.tables_io import step_versions
from data_engine.warehouse import query

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
        [sys.executable, str(_HERE / "killed_process.py")],
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


def _versions(project: SmallProject) -> dict[tuple[str, str], str]:
    store = project.load().bench("notes").store()
    return {key: version.data_version for key, version in step_versions(store).items()}


def _use(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


def test_a_run_killed_at_every_point_in_turn_ends_like_an_undisturbed_one(
    notes: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, disturbed = _environment(tmp_path / "undisturbed"), _environment(tmp_path / "disturbed")
    plan = {"folder": str(notes.folder), "corpus": "notes"}
    statuses, said = _processes(
        [
            {**plan, "environment": undisturbed, "killed": ""},
            *({**plan, "environment": disturbed, "killed": point} for point in [*POINTS, ""]),
        ]
    )
    assert statuses == [0, *[-signal.SIGKILL] * len(POINTS), 0], said
    _use(monkeypatch, undisturbed)
    expected = _versions(notes)
    _use(monkeypatch, disturbed)
    found = _versions(notes)
    assert set(found) == set(expected)
    assert {key for key in expected if found[key] != expected[key]} == set()
