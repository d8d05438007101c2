"""Tables on the terminal.


The same for programs is in `row_formats.py`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.terminal.plain_text import counted, plain, shown

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

#: Characters of a value without white space, and of a word of a text, up to which it is never broken.
_LONGEST_VALUE, _LONGEST_WORD = 256, 64


def print_table(table: pa.Table, *, console: "Console", limit: int = 50) -> None:
    """The first rows of a table, long texts folded, and how many rows there are."""
    are_numbers = [pa.types.is_integer(field.type) or pa.types.is_floating(field.type) for field in table.schema]
    # By position: two columns may have one name.
    columns = [[_cell(value) for value in column.to_pylist()] for column in table.slice(0, limit).columns]
    print_columns(list(zip(table.column_names, columns, are_numbers, strict=True)), console=console)
    more = f", {limit} shown" if table.num_rows > limit else ""
    console.print(plain(f"{counted(table.num_rows, 'row')}{more}", "dim"))


def print_columns(columns: "Sequence[tuple[str, Sequence[str], bool]]", *, console: "Console") -> None:
    """Columns side by side: each its name, its values, and whether they stand to the right.

    Ids and other values without white space are never broken or cut: where they need more room than there is, the lines
    are longer than the terminal is wide.
    """
    from rich.table import Table

    grid = Table(show_edge=False, pad_edge=False)
    for name, values, is_right in columns:
        width = _least_width([shown(value) for value in values])
        grid.add_column(plain(name), justify="right" if is_right else "left", overflow="fold", min_width=width)
    for row in zip(*(values for _, values, _ in columns), strict=True):
        grid.add_row(*map(plain, row))
    _print_whole(grid, console)


def _print_whole(grid: "Table", console: "Console") -> None:
    width = console.width
    least = sum(column.min_width or 1 for column in grid.columns) + 3 * len(grid.columns)
    console.width = max(width, least)
    try:
        console.print(grid, crop=False, no_wrap=False)
    finally:
        console.width = width


def _least_width(values: "Sequence[str]") -> int:
    """Cells that a column needs so that no value without white space, and no short word, is broken."""
    from rich.cells import cell_len

    widths = [(cell_len(word), len(words) == 1) for value in values for words in [value.split()] for word in words]
    kept = [width for width, is_alone in widths if width <= (_LONGEST_VALUE if is_alone else _LONGEST_WORD)]
    return max(kept, default=1)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        from data_engine.reporting import number_format

        return number_format.number(value)
    return f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)
