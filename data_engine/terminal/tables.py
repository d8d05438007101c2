"""Tables on the terminal."""

from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.errors import StorageError
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.terminal.plain_text import counted, plain

if TYPE_CHECKING:
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


def print_releases(runtime: CorpusRuntime, *, console: "Console") -> bool:
    """Every release folder, with its size and the versions it stands on.

    Returns: whether the manifest of each can be read; what is wrong with the others is said after the list.
    """
    from rich.text import Text

    from data_engine.releasing import read_manifest

    root = runtime.corpus_folder / "releases"
    manifests: dict[str, dict[str, Any]] = {}
    broken: list[str] = []
    for folder in (path for path in sorted(root.glob("*")) if path.is_dir() and not path.name.startswith(".")):
        try:
            manifests[folder.name] = read_manifest(folder)
        except StorageError as error:
            broken.append(str(error))
    if not manifests and not broken:
        console.print(plain(f"no release yet; make one with data-engine run {runtime.corpus.name}"))
    for name, manifest in sorted(manifests.items(), key=lambda item: str(item[1].get("created_at", ""))):
        size = counted(manifest["n_samples"], "sample")
        console.print(Text.assemble(plain(name, "bold"), f"  {size}  ", plain(str(manifest.get("created_at", "")))))
        console.print(plain(f"  {root / name}", "dim"))
    for sentence in broken:
        console.print(plain(sentence, "red"))
    return not broken


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        from data_engine.reporting import number_format

        return number_format.number(value)
    return f"{len(value):,} bytes" if isinstance(value, bytes) else str(value)
