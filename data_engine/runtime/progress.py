"""Progress of long steps: passed to a display where there is one, else written as log lines.

The bars of a one-command run are in `terminal.progress_bars`.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Progress = Callable[[int], object]
logger = logging.getLogger(__name__)
_SHOWN: ContextVar[Callable[[str, int], Progress] | None] = ContextVar("shown", default=None)
_SECONDS_BETWEEN_LINES = 10.0


def progress(text: str, total: int) -> Progress:
    """Returns advance(n), which reports n more of `total` as done."""
    shown = _SHOWN.get()
    return shown(text, total) if shown is not None else _log_lines(text, total)


@contextmanager
def shown_by(show: Callable[[str, int], Progress]) -> Iterator[None]:
    """Within, what steps report goes to `show(text, total)`, which returns the `advance` of one step."""
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
