"""Tables on the terminal.


The same for programs is in `row_formats.py`.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.errors import StorageError
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.terminal.plain_text import counted, plain, shown
from data_engine.terminal.row_formats import write_rows

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


def print_releases(runtime: CorpusRuntime, *, console: "Console", form: str = "table") -> bool:
    """Every release folder, with its size and when it was made, the newest last.

    Returns: whether the manifest of each can be read; what is wrong with the others is said after the list, or in the
        column `problem`.
    """
    rows = _releases(runtime)
    if form != "table":
        write_rows(pa.Table.from_pylist(rows, schema=_RELEASES), form, console.file)
        return not any(row["problem"] for row in rows)
    if not rows:
        console.print(plain(f"no release yet; make one with data-engine run {runtime.corpus.name}"))
    for row in rows:
        if row["problem"]:
            continue
        size = counted(row["n_samples"], "sample")
        line = plain(row["release_id"], "bold").append(f"  {size}  ", "not bold").append(shown(row["created_at"]))
        console.print(line, soft_wrap=True)
        console.print(plain(f"  {row['folder']}", "dim"), soft_wrap=True)
    broken = [row["problem"] for row in rows if row["problem"]]
    for sentence in broken:
        console.print(plain(sentence, "red"), soft_wrap=True)
    return not broken


_RELEASES = pa.schema(
    [
        ("release_id", pa.string()),
        ("n_samples", pa.int64()),
        ("created_at", pa.string()),
        ("folder", pa.string()),
        ("problem", pa.string()),
    ]
)


def _releases(runtime: CorpusRuntime) -> list[dict[str, Any]]:
    """The releases, those whose manifest cannot be read last, with what is wrong with it."""
    from data_engine.releasing import read_manifest

    rows: list[dict[str, Any]] = []
    root = (runtime.shared or runtime).corpus_folder / "releases"
    for folder in (path for path in sorted(root.glob("*")) if path.is_dir() and not path.name.startswith(".")):
        row: dict[str, Any] = {"release_id": folder.name, "folder": str(folder), "created_at": "", "problem": None}
        try:
            manifest = read_manifest(folder)
        except StorageError as error:
            rows.append({**row, "n_samples": None, "problem": str(error)})
            continue
        rows.append({**row, "n_samples": manifest["n_samples"], "created_at": str(manifest.get("created_at", ""))})
    return sorted(rows, key=lambda row: (row["problem"] is not None, row["created_at"]))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        from data_engine.reporting import number_format

        return number_format.number(value)
    return f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)
