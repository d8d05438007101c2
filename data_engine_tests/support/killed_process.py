"""A process that runs a corpus again and again, and is killed at a chosen point each time: `python killed_process.py`.

The engine is imported once, with all that the first run came to import, and every run is a fork of that, because
imports take longer than a small run. It reads a plan from its standard input: a JSON list of runs, each with the
environment, the project folder, the corpus, and the point at which the run kills itself (empty: nowhere). It prints the
exit status of each, negative for a signal.
"""

import gc
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console

#: A run that hangs, for example because a killed one holds its pool, is ended by another signal than KILL.
LONGEST_RUN_S = 120


def kill_at(point: str) -> None:
    """Arrange that this process is killed at a point, which is `what:which step or how often`."""
    what, _, which = point.partition(":")
    ARRANGEMENTS[what](which)


def _writing(table: str, step: str | None = None) -> None:
    """Just before a table is written; for tables of all steps, their part for one step."""
    from data_engine.storage import TableStore

    write = TableStore.write

    def killed_or_written(self: Any, name: str, rows: Any, **how: Any) -> Any:
        if name == table and (step is None or (how.get("partition") or {}).get("step") == step):
            _kill()
        return write(self, name, rows, **how)

    TableStore.write = killed_or_written  # type: ignore[method-assign]


def _calling(owner: Any, name: str, n: int, *, is_done: bool = False) -> None:
    """At the n-th call of a function: before it does anything, or when it has done its work."""
    function: Callable[..., Any] = getattr(owner, name)
    n_calls = 0

    def killed_or_called(*arguments: Any, **named: Any) -> Any:
        nonlocal n_calls
        n_calls += 1
        if n_calls == n and not is_done:
            _kill()
        result = function(*arguments, **named)
        if n_calls == n:
            _kill()
        return result

    setattr(owner, name, killed_or_called)


def _reviewing(name: str, n: int, *, is_done: bool = False) -> None:
    from data_engine.review import ReviewQueue

    _calling(ReviewQueue, name, n, is_done=is_done)


def _writing_marts(n: str) -> None:
    from data_engine.warehouse import model_runs

    _calling(model_runs, "write_mart", int(n))


def _exporting(_: str) -> None:
    from data_engine import releasing

    _calling(releasing, "write_release", 1, is_done=True)


def _embedding(_: str) -> None:
    from data_engine.runtime.steps import embeddings

    _calling(embeddings, "embed_unique", 1)


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


ARRANGEMENTS: dict[str, Callable[[str], None]] = {
    "": lambda _: None,
    "before the table of": _writing,
    "before the ledger of": lambda step: _writing("ledger", step),
    "before the version of": lambda step: _writing("step_versions", step),
    "before the checks of": lambda step: _writing("check_results", step),
    "before opening a review batch": lambda _: _reviewing("open_batch", 1),
    "after opening a review batch": lambda _: _reviewing("open_batch", 1, is_done=True),
    "before answer": lambda n: _reviewing("submit", int(n)),
    "after answer": lambda n: _reviewing("submit", int(n), is_done=True),
    "before mart": _writing_marts,
    "after exporting the release": _exporting,
    "while embedding": _embedding,
}


def run(plan: dict[str, Any]) -> None:
    """One run of the plan, in this process."""
    from data_engine.orchestration.launch.commands import run_corpus
    from data_engine.orchestration.launch.project import Project

    os.environ.update(plan["environment"])
    sys.path.insert(0, plan["folder"])
    signal.alarm(LONGEST_RUN_S)
    kill_at(plan["killed"])
    run_corpus(Project(Path(plan["folder"])), plan["corpus"], console=Console(file=sys.stderr, width=110))


def main() -> None:
    """Run the plan; a run that fails prints its traceback to the error stream, and the plan goes on."""
    import data_engine.orchestration.launch.commands  # noqa: F401
    from data_engine.runtime.code_fingerprint import code_fingerprint

    # What is found in the files of the engine is the same for every run.
    code_fingerprint(("data_engine",))
    for number, plan in enumerate(json.load(sys.stdin)):
        sys.stderr.write(f"== {time.monotonic():.0f} s: {plan['killed'] or 'undisturbed'}\n")
        sys.stderr.flush()
        told, tells = os.pipe()
        child = os.fork()
        if child == 0:
            os._exit(_status_of(plan, tells if number == 0 else None))
        os.close(tells)
        with os.fdopen(told) as modules:
            imported = modules.read().split()
        _, status = os.waitpid(child, 0)
        for name in imported:
            # Some modules can only be imported by others.
            with suppress(Exception):
                import_module(name)
        gc.freeze()
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")


def _status_of(plan: dict[str, Any], tells: int | None) -> int:
    """The exit status of a run in this process; the modules that it came to import are written to a pipe."""
    already = frozenset(sys.modules)
    try:
        run(plan)
    except BaseException:
        traceback.print_exc()
        return 1
    if tells is not None:
        new = [name for name in sys.modules if name not in already and not name.startswith(("corpora_", "_"))]
        os.write(tells, "\n".join(new).encode())
    return 0


if __name__ == "__main__":
    main()
