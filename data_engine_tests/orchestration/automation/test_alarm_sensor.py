"""All alarms under Dagster's own sensor daemon: each fires once, opens what it launches, and settles."""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow.compute as pc
import pytest
from alarm_causes import START, Causes
from dagster._core.remote_origin import InProcessCodeLocationOrigin
from dagster._core.test_utils import MockedRunLauncher, freeze_time, instance_for_test
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import InProcessWorkspaceLoadTarget
from dagster._daemon.sensor import execute_sensor_iteration
from small_project import SmallProject

from data_engine.runtime.corpus_runtime import CorpusRuntime

SENSORS = ("notes_alarms", "notes_drift", "notes_routes")

# Dagster's workspace reads a property of its own that it calls deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.environment_vars`:DeprecationWarning")


@pytest.fixture
def tick(finished: SmallProject) -> Iterator[Callable[[], dict[str, int]]]:
    """One turn of the daemon's loop, ten minutes after the one before; how many runs were launched so far."""
    (finished.folder / finished.module / "definitions.py").write_text(
        "from pathlib import Path\n"
        "import dagster as dg\n\n\n"
        "@dg.definitions\n"
        "def defs():\n"
        "    return dg.load_from_defs_folder(path_within_project=Path(__file__).parent)\n",
        "utf-8",
    )
    launcher = {"module": MockedRunLauncher.__module__, "class": MockedRunLauncher.__name__}
    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(module_name=f"{finished.module}.definitions", working_directory=str(finished.folder)),
        location_name=Path(finished.folder).name,
    )
    with (
        instance_for_test(overrides={"run_launcher": launcher}) as instance,
        WorkspaceProcessContext(instance, InProcessWorkspaceLoadTarget(origin)) as context,
    ):
        (location,) = context.create_request_context().code_locations
        (repository,) = location.get_repositories().values()
        started = [sensor for sensor in repository.get_sensors() if sensor.name in SENSORS]
        for sensor in started:
            instance.start_sensor(sensor)
        turns = iter(range(1, 100))

        def turn() -> dict[str, int]:
            with freeze_time(START + timedelta(minutes=10 * next(turns))):
                said = list(execute_sensor_iteration(context, logging.getLogger("daemon"), None, None))
            assert [each for each in said if each is not None] == []
            ticks = {sensor.name: instance.get_ticks(*_ids(sensor))[0] for sensor in started}
            assert all(each.error is None for each in ticks.values()), [each.error for each in ticks.values()]
            return {"runs": len(instance.get_runs()), **{name: each.tick_id for name, each in ticks.items()}}

        yield turn


def _ids(sensor: Any) -> tuple[str, str]:
    return sensor.get_remote_origin_id(), sensor.selector_id


def _alarms(runtime: CorpusRuntime) -> dict[str, dict[str, Any]]:
    rows = runtime.store().read("alarms").to_pylist()
    assert len({row["kind"] for row in rows}) == len(rows), "an alarm was raised twice"
    return {row["kind"]: row for row in rows}


def test_every_alarm_fires_once_opens_a_review_batch_and_settles(finished: SmallProject, tick) -> None:
    runtime = finished.load().runtime("notes")
    causes = Causes(runtime)
    assert tick()["runs"] == 0
    assert _alarms(runtime) == {}

    # A shut route withdraws its labels; of the others, people are asked.
    causes.raise_all()
    assert tick()["runs"] == 1
    raised = _alarms(runtime)
    launched = {kind: row["launched"] for kind, row in raised.items()}
    assert launched == {
        "agreement": "review batch notes-disputed-001",
        "class_stage": launched["uncertainty"],
        "drift": "review batch notes-drifted-001",
        "gate": launched["uncertainty"],
        "route": launched["route"],
        "stage": "nothing",
        "uncertainty": launched["uncertainty"],
    }
    values = {kind: (round(row["value"], 6), row["threshold"]) for kind, row in raised.items()}
    assert launched["route"].startswith("labels withdrawn, review batch notes-withdrawn-001 about ")
    alpha, of_class = raised["agreement"]["value"], raised["class_stage"]["value"]
    assert alpha < 0
    assert raised["class_stage"]["subject"] == "notes/baking"
    assert of_class < raised["class_stage"]["threshold"]
    assert values == {
        "agreement": (round(alpha, 6), 0.4),
        "class_stage": (round(of_class, 6), 0.85),
        "drift": (0.002, 0.01),
        "gate": (0.0, 0.1),
        "route": (0.896, 0.95),
        "stage": (1.0, 0.5),
        "uncertainty": (0.6, 0.3),
    }
    with runtime.queue() as queue:
        opened = {batch.batch_id: batch.n_tasks for batch in queue.batches("notes")}
        tasks = queue.tables("notes")["review_task"]
    assert opened["notes-disputed-001"] == 8
    asking = {kind for kind in launched if kind not in ("stage", "route")}
    assert {launched[kind].removeprefix("review batch ") for kind in asking} | {"notes-withdrawn-001"} <= set(opened)
    of_dispute = tasks.filter(pc.equal(tasks["review_batch"], "notes-disputed-001"))
    assert set(of_dispute["arm"].to_pylist()) == {"blind"}

    # Still beyond the limit, and between the limits: nothing is raised again and nothing settles.
    causes.tremble()
    assert tick()["runs"] == 1
    assert _alarms(runtime) == raised

    causes.settle_all()
    assert tick()["runs"] == 1
    settled = {kind: row["settled_by"] for kind, row in _alarms(runtime).items()}
    assert "right on" in settled.pop("drift")
    assert "proposals of baking are as people say without them in at least 0.9" in settled.pop("class_stage")
    assert settled == {
        "agreement": "agreement 1.00 in notes-asked-2",
        "gate": "100% of the proposals are accepted without a person",
        "route": "open again by a new certificate of 0.955",
        "stage": "release is open",
        "uncertainty": "mean uncertainty of the proposals 0.10",
    }
    assert tick()["runs"] == 1
    assert {kind: row["settled_by"] for kind, row in _alarms(runtime).items()}.items() >= settled.items()


def test_the_sensor_says_what_it_watches_and_is_off(notes: SmallProject) -> None:
    sensor = notes.load().definitions.resolve_sensor_def("notes_alarms")
    assert "uncertainty" in str(sensor.description)
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED
