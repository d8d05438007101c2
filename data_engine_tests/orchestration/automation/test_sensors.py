"""Each sensor over several ticks: it fires once per cause, and says why when it does not."""

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import dagster as dg
import pytest
from small_project import TOPICS, SmallProject, write_notes
from ticking import QUIET, Ticking, report_drift

from data_engine.orchestration.launch.command_lock import corpus_lock
from data_engine.orchestration.names import asset_key
from data_engine.runtime.amendments.forgetting import batches_taken_in
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.simulation.simulated_answers import answer_simulated
from data_engine.runtime.step_run import execute

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


def _write_mixed(folder: Path, batch: str, n: int, seed: int) -> None:
    """A file of texts about two topics each, of which no classifier can be sure."""
    random = Random(seed)
    rows = []
    for number in range(n):
        topics = random.sample(list(TOPICS), 2)
        words = [random.choice(TOPICS[topics[i % 2]].split()) for i in range(12)]
        rows.append({"id": f"{batch}-{number}", "text": " ".join(words), "topic": topics[0]})
    (folder / f"{batch}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def _asked(runtime: CorpusRuntime) -> dict[str, set[str]]:
    """The samples asked about by review batch, the rounds left out."""
    with runtime.queue() as queue:
        tasks: list[dict[str, Any]] = queue.tables("notes")["review_task"].to_pylist()
    found: dict[str, set[str]] = {}
    for task in tasks:
        if task["purpose"] == "arriving":
            found.setdefault(task["review_batch"], set()).add(task["sample_id"])
    return found


def _n_training(runtime: CorpusRuntime) -> int:
    return int(runtime.store().read("classifier")["n_training"].to_pylist()[-1])


def test_new_files_are_ingested_asked_about_within_the_budget_and_learnt_from(
    finished: SmallProject, instance: dg.DagsterInstance
) -> None:
    finished.change("notes", review={"arriving_share": 0.1})
    new_batches = Ticking(finished, "new_batches", instance)
    runtime, source = new_batches.runtime, finished.folder / "source"
    assert new_batches.tick() == []  # what is there already is left to the rounds
    arrived = []
    for seed, month in enumerate(("august", "september")):
        _write_mixed(source, month, 60, seed)
        [request] = new_batches.tick()
        assert len(_asked(runtime)) == seed  # not before it is embedded
        assert new_batches.execute(request).success
        assert new_batches.tick() == []
        assert str(new_batches.skipped).endswith(f"notes-arriving-00{seed + 1} asks about samples that arrived")
        assert new_batches.tick() == []
        arrived.append(runtime.store().read("embeddings", partition={"batch": f"{month}.jsonl"})["sample_id"])
    first, second = (_asked(runtime)[f"notes-arriving-00{number}"] for number in (1, 2))
    assert first <= set(arrived[0].to_pylist()) and second <= set(arrived[1].to_pylist())
    # Ten are free at first, then 10 % of 60 a file.
    assert 6 <= len(second) < len(first) <= 16

    before = _n_training(runtime)
    for batch_id, samples in _asked(runtime).items():
        assert answer_simulated(runtime, batch_id) == len(samples)
    closer = Ticking(finished, "review_closer", instance)
    for request in closer.tick():
        assert closer.execute(request).success
    execute(runtime, "classifier", run_id="learn")
    assert _n_training(runtime) == before + len(first) + len(second)


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
