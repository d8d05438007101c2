"""The daily schedule: it launches what is stale, or says why there is nothing to do."""

from datetime import UTC, datetime

import dagster as dg
from small_project import SmallProject, notes_corpus, write_notes

TWO_AT_NIGHT = datetime(2026, 1, 2, 2, tzinfo=UTC)


def _tick(project: SmallProject) -> dg.RunRequest | dg.SkipReason:
    definitions = project.load().definitions
    schedule = definitions.resolve_schedule_def("notes_daily")
    with dg.build_schedule_context(scheduled_execution_time=TWO_AT_NIGHT) as context:
        said = schedule(context)
    assert isinstance(said, dg.RunRequest | dg.SkipReason)
    return said


def test_it_skips_while_nobody_has_answered_anything(notes: SmallProject) -> None:
    said = _tick(notes)
    assert isinstance(said, dg.SkipReason)
    assert said.skip_message == "nobody has answered a review batch yet; open and answer one first"


def test_it_skips_when_everything_is_up_to_date(finished: SmallProject) -> None:
    said = _tick(finished)
    assert isinstance(said, dg.SkipReason)
    assert said.skip_message == "everything is up to date"


def test_it_asks_for_one_refresh_a_night_when_a_step_is_stale(finished: SmallProject) -> None:
    finished.add(notes_corpus(finished.folder / "source", subset={"target_size": 150}))
    try:
        said = _tick(finished)
        assert isinstance(said, dg.RunRequest)
        assert said.run_key == "daily:2026-01-02"
        assert said.tags["stale"].startswith("balanced_subset")
        schedule = finished.load().definitions.resolve_schedule_def("notes_daily")
        assert schedule.job_name == "notes_refresh"
        assert schedule.cron_schedule == "0 2 * * *"
        assert schedule.execution_timezone == "UTC"
    finally:
        finished.add(notes_corpus(finished.folder / "source"))


def test_what_it_asks_for_brings_every_step_up_to_date(finished: SmallProject) -> None:
    with dg.DagsterInstance.get() as instance:
        loaded = finished.load()
        path = write_notes(finished.folder / "source", "august", 30, 9)
        try:
            instance.add_dynamic_partitions("notes_batches", ["august.jsonl"])
            ingest = loaded.definitions.resolve_job_def("notes_ingest")
            assert ingest.execute_in_process(instance=instance, partition_key="august.jsonl").success
            assert isinstance(_tick(finished), dg.RunRequest)
            refresh = loaded.definitions.resolve_job_def("notes_refresh")
            assert refresh.execute_in_process(instance=instance).success
        finally:
            path.unlink()
    said = _tick(finished)
    assert isinstance(said, dg.SkipReason)
    assert said.skip_message == "everything is up to date"


def test_labels_are_verified_when_the_yaml_says_so_and_not_otherwise(notes: SmallProject) -> None:
    assert {each.name for each in notes.load().definitions.schedules or ()} == {"notes_daily"}
    review = {"simulated": [{"name": "reader"}], "verification": {"schedule": "0 6 * * 1"}}
    notes.add(notes_corpus(notes.folder / "source", review=review))
    definitions = notes.load().definitions
    schedule = definitions.resolve_schedule_def("notes_verification")
    assert (schedule.job_name, schedule.cron_schedule) == ("notes_verify", "0 6 * * 1")
    with dg.DagsterInstance.ephemeral() as instance:
        assert definitions.resolve_job_def("notes_verify").execute_in_process(instance=instance).success
