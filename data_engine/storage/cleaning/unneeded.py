"""What of a data folder nobody needs any more, by kind, with its bytes: told first, then deleted.

Half-written files are found in `leftovers.py`, old versions of tables in `storage.retention`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.places.kinds import is_local
from data_engine.places.object_store import arrow_filesystem
from data_engine.places.place import place
from data_engine.storage.cleaning.leftovers import delete, leftovers, size_of
from data_engine.storage.retention import LEAST_KEEP_HOURS, vacuum
from data_engine.storage.table_store import TableStore


@dataclass(frozen=True)
class Unneeded:
    """One kind of what can go: files and folders, and the bytes that they take."""

    what: str
    paths: tuple[Path, ...]
    n_bytes: int


def unneeded_of_corpus(store: TableStore, *, now: datetime) -> list[Unneeded]:
    """What can go of one corpus; nothing that a pin, a step or the last week needs, and nothing that people made.

    Raises: StorageError when the pins or a table cannot be read.
    """
    found = vacuum(store, now=now, is_tried=True)
    return _kinds(
        {
            "half-written by killed processes": found.leftovers,
            "Parquet files of old versions, or of none": found.data_files,
        },
        store.folder,
    )


def clean_corpus(store: TableStore, *, now: datetime) -> int:
    """Delete what `unneeded_of_corpus` names; gives the number of files and folders."""
    found = vacuum(store, now=now)
    return len(found.leftovers) + len(found.data_files)


def unneeded_embeddings(stores: Sequence[TableStore], *, now: datetime) -> list[Unneeded]:
    """Files of the embedding cache that no sample of any corpus needs, older than a week; and half-written ones.

    Args:
        stores: The tables of every corpus of one data folder; a corpus that is left out would lose its embeddings.
        now: The time, aware.
    """
    folder = place(stores[0].root) / "_embeddings"
    oldest = (now - timedelta(hours=LEAST_KEEP_HOURS)).timestamp()
    old = [path for path in folder.glob("*/[!.]*.parquet") if path.stat().st_mtime < oldest]
    used = pa.concat_arrays([_ids_of(store) for store in stores]) if old else pa.array([], pa.string())
    unused = [path for path in old if not _is_used(path, used)]
    half = leftovers(folder, now=now) if is_local(folder) else []
    return _kinds(
        {
            "half-written embeddings": tuple(str(path.relative_to(folder)) for path in half),
            "embeddings of contents that no corpus has": tuple(str(path.relative_to(folder)) for path in unused),
        },
        folder,
    )


def clean_embeddings(found: Sequence[Unneeded]) -> int:
    """Delete what `unneeded_embeddings` named; gives the number of files."""
    return len(delete([path for each in found for path in each.paths]))


def _kinds(kinds: dict[str, tuple[str, ...]], folder: Path) -> list[Unneeded]:
    found = {what: tuple(folder / name for name in names) for what, names in kinds.items() if names}
    return [Unneeded(what, paths, sum(map(size_of, paths))) for what, paths in found.items()]


def _ids_of(store: TableStore) -> pa.Array:
    """Contents of the raw index of a corpus, rejected ones too: they may be kept by tomorrow's rules."""
    return pc.unique(store.read("raw_index", columns=["sample_id"])["sample_id"])


def _is_used(path: Path, used: pa.Array) -> bool:
    """A file that cannot be read is not used: its embeddings are computed again in any case."""
    import pyarrow.parquet as pq

    try:
        folder = arrow_filesystem(path.parent)
        found = pq.read_table(path.name, filesystem=folder, columns=["sample_id"], page_checksum_verification=True)
        ids = found["sample_id"]
    except (OSError, pa.ArrowException, KeyError):
        return False
    return bool(pc.any(pc.is_in(ids, value_set=used)).as_py())
