"""Tables on the terminal."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.terminal.plain_text import counted, plain

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console


def print_table(table: pa.Table, *, console: "Console", limit: int = 50) -> None:
    """The first rows of a table, long values folded, and how many rows there are."""
    from rich.table import Table

    grid = Table(show_edge=False, pad_edge=False)
    for field in table.schema:
        is_number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        grid.add_column(plain(field.name), justify="right" if is_number else "left", overflow="fold")
    # By position: two columns may have one name.
    for row in zip(*(column.to_pylist() for column in table.slice(0, limit).columns), strict=True):
        grid.add_row(*(plain(_cell(value)) for value in row))
    console.print(grid)
    more = f", {limit} shown" if table.num_rows > limit else ""
    console.print(plain(f"{counted(table.num_rows, 'row')}{more}", "dim"))


def print_releases(runtime: CorpusRuntime, *, console: "Console") -> None:
    """Every release folder, with its size and the versions it stands on."""
    from rich.text import Text

    folder = runtime.corpus_folder / "releases"
    manifests = {path.parent: _manifest(path) for path in sorted(folder.glob("*/manifest.json"))}
    if not manifests:
        console.print(plain(f"no release yet; make one with data-engine run {runtime.corpus.name}"))
        return
    for place, manifest in sorted(manifests.items(), key=lambda item: str(item[1].get("created_at", ""))):
        n_samples = manifest.get("n_samples")
        size = counted(n_samples, "sample") if isinstance(n_samples, int) else "its manifest cannot be read"
        line = Text.assemble(plain(place.name, "bold"), f"  {size}  ", plain(manifest.get("created_at", "")))
        console.print(line)
        console.print(plain(f"  {place}", "dim"))


def _manifest(path: "Path") -> dict[str, Any]:
    """What a release says of itself; nothing where the file is damaged."""
    import json

    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        from data_engine.reporting import number_format

        return number_format.number(value)
    return f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)
