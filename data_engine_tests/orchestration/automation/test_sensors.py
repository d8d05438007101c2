"""Each sensor over several ticks: it fires once per cause, and says why when it does not."""

import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest
from small_project import SmallProject, write_notes
from ticking import QUIET, Ticking, report_drift

from data_engine.orchestration.automation import sensors
from data_engine.orchestration.launch.command_lock import corpus_lock
from data_engine.orchestration.names import asset_key
from data_engine.runtime.amendments.arrivals import Arrivals
from data_engine.runtime.amendments.forgetting import batches_taken_in
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.simulation.simulated_answers import answer_simulated

NOW = datetime(2026, 1, 1, tzinfo=UTC)
Ticks = Callable[[str], Ticking]


def test_a_missing_folder_is_a_skip_with_its_reason(notes: SmallProject, ticking: Ticks) -> None:
    shutil.rmtree(notes.folder / "source")
    new_batches = ticking("new_batches")
    assert new_batches.tick() == []
    assert f"{notes.folder / 'source'} does not exist; create it" in str(new_batches.skipped)


def test_new_files_become_partitions_and_one_run_each(ticking: Ticks) -> None:
    new_batches = ticking("new_batches")
    requests = new_batches.tick()
    assert [request.partition_key for request in requests] == ["july.jsonl", "june.jsonl", "may.jsonl"]
    assert set(new_batches.instance.get_dynamic_partitions("notes_batches")) == {
        "july.jsonl",
        "june.jsonl",
        "may.jsonl",
    }
    assert new_batches.tick() == []


def test_a_batch_that_is_read_fires_again_only_when_its_file_changes(notes: SmallProject, ticking: Ticks) -> None:
    new_batches = ticking("new_batches")
    first = {request.partition_key: request for request in new_batches.tick()}
    for batch in first:
        _read(new_batches, batch)
    assert new_batches.tick() == []
    assert new_batches.skipped == "all 3 batches are read, none has changed, and no duplicate has lost its twin"

    may = notes.folder / "source" / "may.jsonl"
    before = may.stat()
    kept_text = may.read_text("utf-8")
    may.write_text("", "utf-8")
    [changed] = new_batches.tick()
    assert changed.partition_key == "may.jsonl"
    assert changed.run_key != first["may.jsonl"].run_key
    _read(new_batches, "may.jsonl")
    assert new_batches.tick() == []

    may.write_text(kept_text, "utf-8")
    os.utime(may, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [request.partition_key for request in new_batches.tick()] == ["may.jsonl"]


def test_what_arrived_is_asked_about_once_nothing_is_left_to_read_and_the_threshold_is_kept(
    ticking: Ticks, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def ask(_runtime: CorpusRuntime, before: Arrivals) -> Arrivals:
        looks.append(before)
        return Arrivals({"may.jsonl": "v1"}, 0.9, 1.5, "" if before.seen else "notes-round-004")

    monkeypatch.setattr(sensors, "ask_about_arrivals", ask)
    new_batches = ticking("new_batches")
    for request in new_batches.tick():
        _read(new_batches, str(request.partition_key))
    assert looks == []
    assert new_batches.tick() == []
    assert str(new_batches.skipped).endswith("its twin; notes-round-004 asks about samples that arrived")
    assert new_batches.tick() == []
    assert looks == [Arrivals(), Arrivals({"may.jsonl": "v1"}, 0.9, 1.5)]


def test_a_batch_that_the_source_no_longer_has_is_taken_out_before_others_are_judged(
    notes: SmallProject, ticking: Ticks
) -> None:
    new_batches = ticking("new_batches")
    for request in new_batches.tick():
        assert request.partition_key is not None
        _read(new_batches, request.partition_key)
    source = notes.folder / "source"
    (source / "may.jsonl").rename(source / "spring.jsonl")
    with corpus_lock(new_batches.runtime):
        assert new_batches.tick() == []
        assert "another command is at work on corpus notes" in str(new_batches.skipped)
    assert [request.partition_key for request in new_batches.tick()] == ["spring.jsonl"]
    assert sorted(batches_taken_in(new_batches.runtime)) == ["july.jsonl", "june.jsonl"]
    assert "may.jsonl" not in new_batches.instance.get_dynamic_partitions("notes_batches")

    (source / "spring.jsonl").unlink()
    (source / "june.jsonl").unlink()
    assert new_batches.tick() == []
    assert str(new_batches.skipped).startswith("the source no longer has june.jsonl: of ")
    assert str(new_batches.skipped).endswith(
        "All 1 batches are read, none has changed, and no duplicate has lost its twin"
    )


def _read(new_batches: Ticking, batch: str | None) -> None:
    """Materialize the raw index of a batch."""
    job = new_batches.definitions.resolve_job_def("notes_ingest")
    selection = [asset_key(new_batches.runtime, "raw_index")]
    arguments: dict[str, Any] = {"asset_selection": selection, "run_config": QUIET, "raise_on_error": False}
    job.execute_in_process(instance=new_batches.instance, partition_key=batch, **arguments)


def test_what_the_sensors_request_runs_from_the_first_file_to_the_retraining(
    notes: SmallProject, instance: dg.DagsterInstance
) -> None:
    new_batches = Ticking(notes, "new_batches", instance)
    for request in new_batches.tick():
        assert new_batches.execute(request).success
    assert new_batches.tick() == []
    runtime, definitions = new_batches.runtime, new_batches.definitions
    curate = definitions.resolve_job_def("notes_curate")
    assert curate.execute_in_process(instance=instance, run_config=QUIET).success

    opener = Ticking(notes, "review_opener", instance)
    [opening] = opener.tick()
    opened = opener.execute(opening)
    assert opened.success
    [observation] = [event for event in opened.all_events if event.is_asset_observation]
    assert observation.asset_observation_data.asset_observation.metadata["batch"].value == "notes-round-000"
    assert opener.tick() == []
    assert opener.skipped == "review batch notes-round-000 is not answered yet"

    closer = Ticking(notes, "review_closer", instance)
    answer_simulated(runtime, "notes-round-000")
    [closing] = closer.tick()
    assert closer.execute(closing).success
    assert set(runtime.store().read("reviewed_labels")["review_batch"].to_pylist()) == {"notes-round-000"}

    drift = Ticking(notes, "drift", instance)
    report_drift(runtime, "june.jsonl", content=None, is_alarm=True)
    tree_before = set(runtime.store().read("cluster_tree")["tree_version"].to_pylist())
    write_notes(notes.folder / "source", "august", 30, 9)
    [august] = new_batches.tick()
    assert new_batches.execute(august).success
    [retraining] = drift.tick()
    assert drift.execute(retraining).success
    assert set(runtime.store().read("cluster_tree")["tree_version"].to_pylist()).isdisjoint(tree_before)
    assert runtime.store().read("proposals").num_rows == 180
    assert drift.tick() == []


def test_every_sensor_says_what_it_does_and_is_off_until_somebody_turns_it_on(notes: SmallProject) -> None:
    definitions = notes.load().definitions
    for purpose in ("new_batches", "review_opener", "review_closer", "drift"):
        sensor = definitions.resolve_sensor_def(f"notes_{purpose}")
        assert sensor.description
        assert sensor.default_status is dg.DefaultSensorStatus.STOPPED


@pytest.mark.parametrize(
    ("purpose", "job"),
    [("new_batches", "ingest"), ("review_opener", "open_review"), ("review_closer", "answers"), ("drift", "retrain")],
)
def test_every_sensor_launches_the_job_that_it_names(notes: SmallProject, purpose: str, job: str) -> None:
    definitions = notes.load().definitions
    sensor = definitions.resolve_sensor_def(f"notes_{purpose}")
    assert sensor.job_name == f"notes_{job}"
    assert definitions.resolve_job_def(sensor.job_name).description
