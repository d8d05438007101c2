import signal
import sys
import weakref

import dagster as dg
import pytest
from dagster._utils.interrupts import capture_interrupts
from ticking import QUIET

from data_engine.orchestration.launch.interrupts import interrupts_noticed, raise_if_interrupted


def test_an_interrupt_that_dagster_forgets_is_known_once() -> None:
    with interrupts_noticed():
        raise_if_interrupted()
        with capture_interrupts():
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            raise_if_interrupted()
        raise_if_interrupted()


def test_an_interrupt_at_the_end_of_a_run_is_known() -> None:
    @dg.success_hook
    def interrupt(_context: dg.HookContext) -> None:
        with capture_interrupts():
            signal.raise_signal(signal.SIGINT)

    @dg.op
    def nothing() -> None:
        """An op that does nothing."""

    @dg.job(hooks={interrupt})
    def one_op() -> None:
        nothing()

    with interrupts_noticed():
        assert one_op.execute_in_process(run_config=QUIET).success
        with pytest.raises(KeyboardInterrupt):
            raise_if_interrupted()


def test_an_interrupt_within_a_callback_prints_nothing_and_is_known(capsys: pytest.CaptureFixture[str]) -> None:
    class Thing:
        """Something to lose."""

    before = sys.unraisablehook
    with interrupts_noticed():
        thing = Thing()
        reference = weakref.ref(thing, lambda _: signal.raise_signal(signal.SIGINT))
        del thing
        assert reference() is None
        with pytest.raises(KeyboardInterrupt):
            raise_if_interrupted()
    assert sys.unraisablehook is before
    assert "KeyboardInterrupt" not in capsys.readouterr().err


def test_without_anybody_who_notices_nothing_is_raised() -> None:
    raise_if_interrupted()
    with interrupts_noticed(), capture_interrupts():
        signal.raise_signal(signal.SIGINT)
    raise_if_interrupted()
