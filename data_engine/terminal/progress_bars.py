"""Progress bars of a one-command run. Without a terminal, steps write log lines: `runtime.progress`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from data_engine.runtime.progress import Progress, shown_by
from data_engine.terminal.plain_text import shown

if TYPE_CHECKING:
    from rich.console import Console


@contextmanager
def bars(console: "Console") -> Iterator[None]:
    """Show the progress of every step within as a bar on a rich console; nothing where it is no terminal."""
    if not console.is_terminal:
        yield
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("  {task.description:<34}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, transient=True) as drawn:

        def show(text: str, total: int) -> Progress:
            task = drawn.add_task(shown(text), total=total)
            done = 0

            def advance(n: int) -> None:
                nonlocal done
                done += n
                drawn.advance(task, n)
                if done >= total:
                    drawn.remove_task(task)

            return advance

        with shown_by(show):
            yield
