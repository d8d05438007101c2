"""Tables on the terminal."""

from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.runtime.corpus_runtime import CorpusRuntime

if TYPE_CHECKING:
    from rich.console import Console


def print_table(table: pa.Table, *, console: "Console", limit: int = 50) -> None:
    """The first rows of a table, long values folded, and how many rows there are."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(show_edge=False, pad_edge=False)
    for field in table.schema:
        is_number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        shown.add_column(field.name, justify="right" if is_number else "left", overflow="fold")
    for row in table.slice(0, limit).to_pylist():
        shown.add_row(*(Text(_cell(value)) for value in row.values()))
    console.print(shown)
    more = f", {limit} shown" if table.num_rows > limit else ""
    console.print(f"[dim]{table.num_rows:,} rows{more}[/]")


def print_releases(runtime: CorpusRuntime, *, console: "Console") -> None:
    """Every release folder, with its size and the versions it stands on."""
    import json

    folder = runtime.corpus_folder / "releases"
    manifests = [json.loads(path.read_text("utf-8")) for path in folder.glob("*/manifest.json")]
    if not manifests:
        console.print(f"no release yet; make one with data-engine run {runtime.corpus.name}")
        return
    for manifest in sorted(manifests, key=lambda m: str(m.get("created_at", ""))):
        console.print(
            f"[bold]{manifest['release_id']}[/]  {manifest['n_samples']:,} samples  {manifest.get('created_at', '')}"
        )
        console.print(f"  [dim]{folder / manifest['release_id']}[/]")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        from data_engine.reporting import number_format

        return number_format.number(value)
    return f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)
