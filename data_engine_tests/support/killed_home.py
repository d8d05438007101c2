"""A Dagster home whose making is killed at a chosen statement: `python killed_home.py FOLDER POINT ...`.

Each point gets a fresh home below the folder. A fork opens the instance and kills itself just before the n-th
statement, commit or renamed file (0: nowhere); a second fork then does what a command does. Printed is a line for each
point: the exit status of both, negative for a signal, and how many points the first one passed. What the first fork
came to import is imported by all others before they are forked.
"""

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path


def open_home(kill_at: int) -> int:
    """Open the instance for the first time; the number of points passed."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    passed = 0

    def count(*_: object) -> None:
        nonlocal passed
        passed += 1
        if passed == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    for moment in ("before_cursor_execute", "commit"):
        event.listen(Engine, moment, count)
    replace = Path.replace

    def counted(self: Path, target: Path) -> Path:
        count()
        return replace(self, target)

    Path.replace = counted  # type: ignore[method-assign, assignment]
    use_home()
    return passed


def use_home() -> None:
    """What a command asks of its instance: runs, partitions, events of a run, schedules."""
    import dagster as dg

    from data_engine.orchestration.launch.commands import opened_instance
    from data_engine.orchestration.launch.project_folder import find_project_folder

    find_project_folder(Path.cwd())

    @dg.op
    def nothing() -> None:
        """An op that does nothing."""

    @dg.job
    def one_op() -> None:
        """A job of one op."""
        nothing()

    with opened_instance() as instance:
        instance.add_dynamic_partitions("batches", ["may"])
        result = one_op.execute_in_process(
            instance=instance, run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        )
        last = instance.get_runs(limit=1)[0]
        assert result.success
        assert last.run_id == result.run_id
        assert instance.get_dynamic_partitions("batches") == ["may"]
        assert len(instance.all_logs(result.run_id)) > 5
        assert instance.all_instigator_state() == []
        assert not instance.event_log_storage.get_concurrency_keys()


def forked(work: Callable[[], object]) -> int:
    """The exit status of a fork that does this work."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _modules_of_a_command(home: Path) -> str:
    already = frozenset(sys.modules)
    os.environ["DAGSTER_HOME"] = str(home)
    use_home()
    return "\n".join(name for name in sys.modules if name not in already and not name.startswith("_"))


def main(folder: Path, points: list[int]) -> None:
    """Try every point, and print what came of it."""
    import data_engine.orchestration.launch.commands  # noqa: F401

    imported = folder / "imported"
    forked(lambda: imported.write_text(_modules_of_a_command(folder / "home")))
    for name in imported.read_text().split():
        # Some modules can only be imported by others.
        with suppress(Exception):
            import_module(name)
    gc.freeze()
    for point in points:
        os.environ["DAGSTER_HOME"] = str(folder / f"home-{point}")
        told = folder / f"passed-{point}"
        first = forked(lambda point=point, told=told: told.write_text(str(open_home(point))))  # type: ignore[misc]
        passed = told.read_text() if told.exists() else "-"
        sys.stdout.write(f"{first} {forked(use_home)} {passed}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(point) for point in sys.argv[2:]])
