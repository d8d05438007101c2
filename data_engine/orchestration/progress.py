"""Progress of long steps: a bar where a one-command run shows one, log lines in the Dagster UI."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Progress = Callable[[int], object]
logger = logging.getLogger(__name__)
_SHOWN: ContextVar[Callable[[str, int], Progress] | None] = ContextVar("shown", default=None)
_SECONDS_BETWEEN_LINES = 10.0


def progress(text: str, total: int) -> Progress:
    """A callable to be told how many more of `total` are done."""
    shown = _SHOWN.get()
    return shown(text, total) if shown is not None else _log_lines(text, total)


@contextmanager
def bars(console: Any) -> Iterator[None]:
    """Show the progress of every step within as a bar on a rich console; nothing where it is no terminal."""
    if not console.is_terminal:
        yield
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("  {task.description:<34}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, transient=True) as drawn:

        def show(text: str, total: int) -> Progress:
            task = drawn.add_task(text, total=total)
            done = 0

            def advance(n: int) -> None:
                nonlocal done
                done += n
                drawn.advance(task, n)
                if done >= total:
                    drawn.remove_task(task)

            return advance

        token = _SHOWN.set(show)
        try:
            yield
        finally:
            _SHOWN.reset(token)


def _log_lines(text: str, total: int) -> Progress:
    started = said = time.monotonic()
    done = 0

    def advance(n: int) -> None:
        nonlocal done, said
        done += n
        now = time.monotonic()
        if now - said >= _SECONDS_BETWEEN_LINES:
            said = now
            rate = done / (now - started)
            logger.info("%s: %d of %d, %.0f/s, %.0f s left", text, done, total, rate, (total - done) / rate)

    return advance
