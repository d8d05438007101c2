"""Runs of this process, of one that has ended, and of another host."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import dagster as dg

from data_engine.orchestration.launch.orphaned_runs import fail_orphaned_runs, process_tags


@dg.job
def _nothing_to_do() -> None:
    """A job without steps."""


def _tags_of_an_ended_process() -> dict[str, str]:
    module = "data_engine.orchestration.launch.orphaned_runs"
    code = f"import json; from {module} import process_tags; print(json.dumps(process_tags()))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    tags: dict[str, str] = json.loads(said)
    return tags


def test_the_tags_of_a_run_name_the_host_and_the_process_with_its_time_of_birth() -> None:
    tags = process_tags()
    birth = Path("/proc/self/stat").read_text("utf-8").rpartition(")")[2].split()[19]
    assert tags == {
        "launched_by": "data-engine run",
        "data_engine/host": socket.gethostname(),
        "data_engine/process": f"{os.getpid()}:{birth}",
    }


def test_only_the_run_of_a_process_of_this_host_that_has_ended_is_marked_as_failed(
    instance: dg.DagsterInstance,
) -> None:
    dead = _tags_of_an_ended_process()
    runs = {
        "mine": process_tags(),
        "dead": dead,
        "elsewhere": {**dead, "data_engine/host": "elsewhere"},
        "of the ui": {},
    }
    ids = {name: instance.create_run_for_job(_nothing_to_do, tags=tags).run_id for name, tags in runs.items()}
    assert [run.run_id for run in fail_orphaned_runs(instance)] == [ids["dead"]]
    ended = {name for name, run_id in ids.items() if instance.get_run_by_id(run_id).is_failure}  # type: ignore[union-attr]
    assert ended == {"dead"}
    assert fail_orphaned_runs(instance) == []


def test_a_later_process_with_the_same_number_is_another_one(instance: dg.DagsterInstance) -> None:
    tags = {**process_tags(), "data_engine/process": f"{os.getpid()}:1"}
    run = instance.create_run_for_job(_nothing_to_do, tags=tags)
    assert [found.run_id for found in fail_orphaned_runs(instance)] == [run.run_id]
