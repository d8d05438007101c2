from io import StringIO

from rich.console import Console

from data_engine.runtime import progress as module
from data_engine.runtime.progress import progress
from data_engine.terminal.progress_bars import bars


def test_on_a_terminal_a_step_is_a_bar_that_leaves_nothing_behind() -> None:
    console = Console(file=StringIO(), force_terminal=True, width=100)
    with bars(console):
        progress("embedding may", 4)(1)
    assert isinstance(console.file, StringIO)
    said = console.file.getvalue()
    assert "embedding may" in said
    assert "1/4" in said
    # Up one line, and that line is erased.
    assert said.endswith("\x1b[1A\x1b[2K")


def test_a_bar_goes_when_its_step_is_done() -> None:
    console = Console(file=StringIO(), force_terminal=True, width=100)
    with bars(console):
        progress("hashing", 2)(2)
        progress("embedding", 2)(1)
    assert isinstance(console.file, StringIO)
    *_, last = [frame for frame in console.file.getvalue().split("\x1b[2K") if "embedding" in frame]
    assert "hashing" not in last


def test_without_a_terminal_nothing_is_drawn_and_steps_write_lines() -> None:
    console = Console(file=StringIO(), width=100)
    with bars(console):
        assert progress("embedding", 4).__module__ == module.__name__
        progress("embedding", 4)(4)
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue() == ""
