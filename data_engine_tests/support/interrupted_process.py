"""A process that interrupts itself in one of several ways, and says how often it learned of it.

Run as a program with the name of one way, since a signal that goes astray ends the process that it reaches.
"""

import signal
import sys
import weakref
from collections.abc import Callable

import dagster as dg
from dagster._utils.interrupts import capture_interrupts
from ticking import QUIET

from data_engine.orchestration.launch.interrupts import interrupts_noticed, raise_if_interrupted


def while_dagster_captures() -> list[bool]:
    """Dagster forgets an interrupt that it has captured; asked before, after, and once more."""
    with interrupts_noticed():
        before = _noticed()
        _captured_interrupt()
        return [before, _noticed(), _noticed()]


def at_the_end_of_a_run() -> list[bool]:
    """The hook of a run's last step is interrupted."""

    @dg.success_hook
    def interrupt(_context: dg.HookContext) -> None:
        _captured_interrupt()

    @dg.op
    def nothing() -> None:
        """An op that does nothing."""

    @dg.job(hooks={interrupt})
    def one_op() -> None:
        nothing()

    with interrupts_noticed():
        return [one_op.execute_in_process(run_config=QUIET).success, _noticed()]


def within_a_callback() -> list[bool]:
    """Python can only print what is raised within a callback of the garbage collection."""

    class Thing:
        """Something to lose."""

    before = sys.unraisablehook
    with interrupts_noticed():
        thing = Thing()
        reference = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
        del thing
        noticed = [reference() is None, _noticed()]
    return [*noticed, sys.unraisablehook is before]


def unnoticed() -> list[bool]:
    """Nobody notices before and after."""
    before = _noticed()
    with interrupts_noticed():
        _captured_interrupt()
    return [before, _noticed()]


WAYS: dict[str, Callable[[], list[bool]]] = {
    way.__name__: way for way in (while_dagster_captures, at_the_end_of_a_run, within_a_callback, unnoticed)
}


def _captured_interrupt() -> None:
    with capture_interrupts():
        signal.raise_signal(signal.SIGINT)


def _noticed() -> bool:
    try:
        raise_if_interrupted()
    except KeyboardInterrupt:
        return True
    return False


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.stdout.write(" ".join(map(str, WAYS[sys.argv[1]]())))
