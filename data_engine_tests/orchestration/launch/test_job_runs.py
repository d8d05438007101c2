"""What comes of the jobs of one command."""

from io import StringIO
from pathlib import Path

import dagster as dg
import pytest
from rich.console import Console
from small_project import SmallProject, notes_corpus, write_notes

from data_engine.errors import DataEngineError
from data_engine.orchestration.launch.job_runs import JobRuns
from data_engine.orchestration.names import batch_partitions
from data_engine.terminal.run_summary import RunOutcome


@pytest.fixture
def jobs(project: SmallProject, instance: dg.DagsterInstance) -> JobRuns:
    write_notes(project.folder / "source", "may", 60, 3)
    project.add(notes_corpus(Path("source")))
    loaded = project.load()
    runtime = loaded.runtime("notes")
    console = Console(file=StringIO(), width=300)
    return JobRuns(runtime, loaded.definitions_of(runtime), instance, console, RunOutcome())


def test_a_job_that_ends_well_is_printed_and_accounted_for(jobs: JobRuns) -> None:
    jobs.add_partitions(batch_partitions(jobs.runtime), ["may.jsonl", "may.jsonl"])
    assert jobs.known() == {}
    jobs.launch("ingest", ("raw_index",), "may.jsonl")
    assert set(jobs.known()) == {("raw_index", "may.jsonl")}
    assert jobs.outcome.n_runs == 1
    assert jobs.outcome.seconds.keys() == {"raw_index", "checks"}
    assert isinstance(jobs.console.file, StringIO)
    assert "ok  read may.jsonl" in jobs.console.file.getvalue()


def test_a_batch_that_may_fail_is_held_and_another_ends_the_command(jobs: JobRuns) -> None:
    jobs.add_partitions(batch_partitions(jobs.runtime), ["may.jsonl"])
    (jobs.runtime.project_folder / "source" / "may.jsonl").write_text("{\n" * 9, "utf-8")
    jobs.launch("ingest", ("raw_index",), "may.jsonl", may_fail=True)
    assert "unreadable" in jobs.outcome.quarantined["may.jsonl"]
    with pytest.raises(DataEngineError, match=r"read may\.jsonl failed: unreadable_share_within_limit"):
        jobs.launch("ingest", ("raw_index",), "may.jsonl")


def test_time_beside_the_jobs_is_counted_by_its_name(jobs: JobRuns) -> None:
    with jobs.timed("review"):
        pass
    with jobs.timed("review"):
        assert jobs.outcome.seconds["review"] >= 0
