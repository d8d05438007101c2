"""The marts of a corpus: one Parquet file each at `<corpus>/marts/<name>/data.parquet`, always rebuilt whole.

They are filled by the SQL models, see `data_engine.warehouse`.
"""

import re
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_engine.errors import InvalidInput
from data_engine.places.object_store import arrow_filesystem
from data_engine.storage.atomic_files import replace_file
from data_engine.storage.integrity.checksums import replace_sealed
from data_engine.storage.storage_errors import storage_errors
from data_engine.storage.table_store import TableStore
from data_engine.storage.tables.parquet_files import verified_format

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def mart_path(store: TableStore, name: str) -> Path:
    """The path of a mart.

    Raises: InvalidInput when the name is not lower-case letters, digits and underscores.
    """
    if not _NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} is no name for a mart; use lower-case letters, digits and underscores")
    return store.folder / "marts" / name / "data.parquet"


def write_mart(store: TableStore, name: str, table: pa.Table) -> Path:
    """Replace a mart whole; a reader sees the old one or the new one.

    Returns: Path of its Parquet file.

    Raises: InvalidInput for a name that is none; StorageError when the disk is full or fails.
    """
    path = mart_path(store, name)
    with storage_errors(f"writing mart {name}", path, intact="the earlier mart is intact"):
        replace_sealed(path, lambda: replace_file(path, lambda temporary: _fill(temporary, table)))
    return path


def mart_names(store: TableStore) -> list[str]:
    """The marts that were written, sorted."""
    return sorted(path.parent.name for path in (store.folder / "marts").glob("*/data.parquet"))


def run_of_mart(store: TableStore, name: str) -> str:
    """The run that wrote a mart; empty where it is lost, is damaged or does not say it."""
    import pyarrow.parquet as pq

    try:
        path = mart_path(store, name)
        metadata = pq.read_schema(path.name, filesystem=arrow_filesystem(path.parent)).metadata or {}
    except (OSError, pa.ArrowException):
        return ""
    return str(metadata.get(b"run_id", b""), "utf-8", "replace")


def mart_dataset(store: TableStore, name: str) -> Any:
    """A mart as a pyarrow dataset.

    Raises: StorageError when it was never written or cannot be read.
    """
    import pyarrow.dataset as pads

    path = mart_path(store, name)
    with storage_errors(f"opening mart {name}", path, intact="nothing was changed"):
        return pads.dataset(path.name, format=verified_format(), filesystem=arrow_filesystem(path.parent))


def _fill(path: Path, table: pa.Table) -> None:
    import pyarrow.parquet as pq

    pq.write_table(table, path, compression="zstd", write_page_checksum=True)
