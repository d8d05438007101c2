"""Tables of a row or a few per file, which every step reads several times: no file is read twice.

A process that begins would still read thousands of them one by one. So what they hold is kept together, too, in one
artefact, which is written again whenever many files are not in it; the files remain the table, and without the artefact
they are read. Delta never changes a file and never gives its name to another, so the rows of a file are always the
same. A file that is gone or damaged counts as one without rows: what steps and checks left there is then made anew.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from logging import getLogger
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.errors import StorageError
from data_engine.places.kinds import is_local
from data_engine.storage.artefacts import Artefacts
from data_engine.storage.storage_errors import first_line
from data_engine.storage.tables.delta_commits import DeltaFolder
from data_engine.storage.tables.parquet_files import verify
from data_engine.storage.tables.table_cache import TableFile, files_of_latest

logger = getLogger(__name__)

#: Files that are read one by one before all are kept together again; later, a quarter of all.
_FEW_FILES = 256
_MOST_WARNED, _MOST_CHUNKS, _MOST_TABLES = 4096, 64, 64
_FILE, _STATE = "file of these rows", "state of this file"

_DatasetOf = Callable[[Sequence[TableFile]], Any]

_LOCK = threading.RLock()
_KNOWN: dict[Path, "_Known"] = {}


def read_small_files(
    folder: DeltaFolder,
    piece: Mapping[str, str],
    columns: Sequence[str],
    *,
    artefacts: Artefacts,
    dataset_of: _DatasetOf,
) -> pa.Table:
    """Rows of the latest version of a table of small files, partition by partition in order of their values.

    Args:
        folder: The table's; without rows where it does not exist.
        piece: Values of partition columns.
        columns: Columns wanted, in this order.
        artefacts: Where the rows of many files are kept together.
        dataset_of: Gives some of the table's files as a pyarrow dataset, without a look at their checksums.
    """
    if not folder.exists():
        return folder.schema_as_read.empty_table().select(columns)
    with _LOCK:
        place = folder.path.absolute()
        known = _KNOWN.get(place)
        if known is None:
            known = _KNOWN[place] = _Known(folder, artefacts)
            while len(_KNOWN) > _MOST_TABLES:
                del _KNOWN[next(iter(_KNOWN))]
        return known.rows_of(piece, columns, dataset_of)


class _Known:
    """The rows of the files of one table as far as they were read, and where the rows of each file are."""

    def __init__(self, folder: DeltaFolder, artefacts: Artefacts) -> None:
        self._folder, self._artefacts = folder, artefacts
        self._name = f"rows-{folder.path.name}"
        self._rows = folder.schema_as_read.empty_table()
        self._place: dict[str, tuple[int, int]] = {}
        self._n_single = 0
        self._listed: tuple[TableFile, ...] = ()
        self._by_piece: dict[tuple[str, ...], list[str]] = {}
        self._load()

    def rows_of(self, piece: Mapping[str, str], columns: Sequence[str], dataset_of: _DatasetOf) -> pa.Table:
        """The rows of a piece; files that are not known yet are read."""
        wanted = self._paths_of(piece)
        unknown = [(values, path) for values, path in wanted if path not in self._place]
        if unknown:
            self._read(dataset_of(unknown))
        places = [self._place[path] for _, path in wanted if path in self._place]
        return self._rows.select(columns).take(pa.array(_runs(places)))

    def _paths_of(self, piece: Mapping[str, str]) -> list[TableFile]:
        """The files of a piece in the order of their rows."""
        partition_columns = self._folder.partition_columns
        listed = files_of_latest(self._folder.path, partition_columns)
        if listed is not self._listed:
            self._listed, self._by_piece = listed, {}
            for values, path in listed:
                self._by_piece.setdefault(tuple(values), []).append(path)
        if len(piece) == len(partition_columns):
            keys: Iterable[tuple[str, ...]] = [tuple(piece[column] for column in partition_columns)]
        else:
            numbers = [(partition_columns.index(column), value) for column, value in piece.items()]
            keys = sorted(key for key in self._by_piece if all(key[number] == value for number, value in numbers))
        return [(list(key), path) for key in keys for path in sorted(self._by_piece.get(key, ()))]

    def _read(self, dataset: Any) -> None:
        """Read files that are not known one by one; where many are, keep all together for the processes to come."""
        tables = []
        for fragment in dataset.get_fragments():
            where = self._folder.path / fragment.path
            try:
                verify(where)
                tables.append((fragment.path, fragment.to_table(schema=dataset.schema)))
            except (OSError, pa.ArrowException) as error:
                _warn(where, first_line(error))
        self._add(tables)
        self._n_single += len(tables)
        if self._n_single >= max(_FEW_FILES, len(self._listed) // 4):
            self._keep()

    def _add(self, tables: Iterable[tuple[str, pa.Table]]) -> None:
        parts = [self._rows]
        n = len(self._rows)
        for path, rows in tables:
            self._place[path] = (n, len(rows))
            parts.append(rows)
            n += len(rows)
        self._rows = pa.concat_tables(parts)
        if self._rows.num_columns and self._rows.column(0).num_chunks > _MOST_CHUNKS:
            self._rows = self._rows.combine_chunks()

    def _load(self) -> None:
        """What an earlier process kept, but for files that are not as they were then."""
        try:
            content = self._artefacts.get(self._name)
            kept = None if content is None else pa.ipc.open_file(content).read_all()
        except (StorageError, pa.ArrowException) as error:
            logger.warning("the kept rows of %s cannot be read (%s)", self._folder.path, first_line(error))
            return
        if kept is None or kept.drop_columns([_FILE, _STATE]).schema != self._rows.schema:
            return
        start = 0
        paths, states = kept[_FILE].to_pylist(), kept[_STATE].to_pylist()
        for end in range(1, len(paths) + 1):
            if end == len(paths) or paths[end] != paths[start]:
                if states[start] == _state_of(self._folder.path / paths[start]):
                    self._place[paths[start]] = (start, end - start)
                start = end
        self._rows = kept.drop_columns([_FILE, _STATE])

    def _keep(self) -> None:
        """Keep the rows of all files that are known and still in the table; where that fails it costs time alone."""
        self._n_single = 0
        paths = [path for _, path in self._listed if path in self._place]
        places = [self._place[path] for path in paths]
        self._rows = self._rows.take(pa.array(_runs(places))).combine_chunks()
        counts = [n for _, n in places]
        starts = np.cumsum([0, *counts])[:-1].tolist()
        self._place = dict(zip(paths, zip(starts, counts, strict=True), strict=True))
        states = [_state_of(self._folder.path / path) for path in paths]
        number_of_file = pa.array(np.repeat(np.arange(len(paths)), counts))
        kept = self._rows.append_column(_FILE, pa.array(paths, pa.string()).take(number_of_file))
        kept = kept.append_column(_STATE, pa.array(states, pa.string()).take(number_of_file))
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, kept.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as file:
            file.write_table(kept)
        try:
            self._artefacts.put(self._name, sink.getvalue().to_pybytes())
        except StorageError as error:
            logger.warning("the rows of %s are not kept together (%s)", self._folder.path, first_line(error))


def _runs(places: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """The numbers of all rows of some runs, each given by its first row and its length, one run after the other."""
    if not places:
        return np.empty(0, np.int64)
    starts, counts = np.array(places, np.int64).T
    return np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(int(counts.sum()))


def _state_of(path: Path) -> str:
    """What changes when a file on this host does; empty where it is gone, the same for all files behind a URL."""
    if not is_local(path):
        return "behind a URL"
    try:
        found = path.stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns} {found.st_size}"


@lru_cache(maxsize=_MOST_WARNED)
def _warn(place: Path, why: str) -> None:
    """Say it once in a process."""
    logger.warning("%s cannot be read (%s); what it held counts as missing and is made anew", place, why)
