"""Dead runs: what a killed command left behind in Dagster - runs that seem to be at work, and places in pools.

A process that is killed cannot say so. Its run would stay "started" for ever, and its place in a pool would hold up
the next command, which has no daemon beside it that would notice.
"""

import os
import socket
from pathlib import Path

import dagster as dg

#: The tag of the runs that a one-command run executes in its own process.
LAUNCHED_BY = {"launched_by": "data-engine run"}
_HOST, _PROCESS = "data_engine/host", "data_engine/process"
_UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def process_tags() -> dict[str, str]:
    """The tags of a run that this process executes: who launched it, host, and process with its time of birth."""
    return {**LAUNCHED_BY, _HOST: socket.gethostname(), _PROCESS: _process(os.getpid())}


def fail_orphaned_runs(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Mark the unfinished runs of processes that no longer live as failed, and free their places in pools.

    Only runs of this host are judged: nobody can see from here whether a process of another host lives.

    Returns: the runs that were marked.
    """
    mine = {**LAUNCHED_BY, _HOST: socket.gethostname()}
    unfinished = instance.get_runs(filters=dg.RunsFilter(tags=mine, statuses=_UNFINISHED))
    dead = [run for run in unfinished if not _lives(run.tags[_PROCESS])]
    for run in dead:
        instance.report_run_failed(run, f"process {run.tags[_PROCESS]} was killed while it executed this run")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return dead


def _lives(process: str) -> bool:
    return _process(int(process.split(":")[0])) == process


def _process(pid: int) -> str:
    """A process as `pid:birth`, so that a later process with the same number is another one; `gone` without it."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.parent.parent.joinpath("self").exists():
        return f"{pid}:" if _is_there(pid) else "gone"
    try:
        fields = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return "gone"
    state, birth = fields[0], fields[19]
    return "gone" if state in "ZX" else f"{pid}:{birth}"


def _is_there(pid: int) -> bool:
    """Whether a process exists, on systems that do not list their processes as files."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
