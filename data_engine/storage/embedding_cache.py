"""Known embeddings by content hash, shared by all corpora: the same content is never embedded twice.

Each `put` is one Parquet file, there whole or not at all, so processes need no lock and a killed one leaves nothing
half. A file is named by its content, never changed, and carries page checksums: a damaged one is ignored with
a warning. Embeddings of a corpus' samples are a table, see `embedding_rows.py`.

Ids are hashes, so that the ids asked for can be in almost every file. A process therefore keeps a 64-bit key of every
id that it has read: a file is opened again only where it has one of them.
"""

import logging
import os
import re
from collections.abc import Collection, Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.places.kinds import is_local
from data_engine.places.object_store import arrow_filesystem
from data_engine.places.place import place
from data_engine.storage.atomic_files import replace_file
from data_engine.storage.storage_errors import first_line, storage_errors

logger = logging.getLogger(__name__)

_FIRST, _LAST = b"first_sample_id", b"last_sample_id"


class _FileIds:
    """What a process knows of the ids in one file: the smallest, the largest and, once they were read, their keys."""

    def __init__(self, first: str, last: str) -> None:
        self.first, self.last = first, last
        self.keys: NDArray[np.uint64] | None = None


_SEEN: dict[Path, dict[str, _FileIds | None]] = {}
"""Of every file seen, by folder and name; None for a damaged one. Files never change, so this never ages."""


@dataclass(frozen=True)
class EmbeddingCache:
    """The vectors of one encoder version, each of `dim` float32 values.

    Raises: InvalidInput when dim is below 1.
    """

    root: Path
    encoder_version: str
    dim: int

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise InvalidInput(f"dim is {self.dim}; an embedding has at least 1 value: give the encoder's dim")

    @property
    def folder(self) -> Path:
        """The folder of this encoder version; no corpus can have a name that starts with an underscore."""
        readable = re.sub(r"[^A-Za-z0-9.-]+", "-", self.encoder_version).strip("-.")[:60]
        fingerprint = xxhash.xxh3_64(f"{self.encoder_version}\0{self.dim}".encode()).hexdigest()
        return place(self.root) / "_embeddings" / f"{readable}-{fingerprint}"

    def get(self, sample_ids: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Look up n ids.

        Args:
            sample_ids: n content hashes; repeats are allowed.

        Returns: (n,) bool, true where known, and (n, dim) float32 with the vectors; NaN where unknown.

        Raises: StorageError when the folder cannot be read. Damaged files are logged and count as unknown.
        """
        known = np.zeros(len(sample_ids), dtype=np.bool_)
        vectors = np.full((len(sample_ids), self.dim), np.nan, dtype=np.float32)
        rows_of: dict[str, list[int]] = {}
        for row, sample_id in enumerate(sample_ids):
            rows_of.setdefault(sample_id, []).append(row)
        if not rows_of:
            return known, vectors
        wanted = np.sort(_keys_of(rows_of))
        for path, ids in self._files_between(min(rows_of), max(rows_of)):
            if not rows_of:
                break
            for sample_id, vector in self._vectors_in(path, ids, rows_of.keys(), wanted):
                rows = rows_of.pop(sample_id)
                vectors[rows] = vector
                known[rows] = True
        return known, vectors

    def put(self, sample_ids: Sequence[str], embeddings: NDArray[np.float32]) -> None:
        """Keep one chunk of vectors, all or none; the same chunk twice is one file.

        Args:
            sample_ids: n content hashes, each once.
            embeddings: (n, dim) float, finite.

        Raises: InvalidInput for a wrong shape, repeated ids or rows that are not finite; StorageError when the disk
            is full or fails.
        """
        if len(sample_ids) == 0:
            return
        matrix = self._checked(sample_ids, embeddings)
        order = sorted(range(len(sample_ids)), key=sample_ids.__getitem__)
        ids = [sample_ids[row] for row in order]
        _write(self.folder, ids, np.ascontiguousarray(matrix[order]).tobytes())

    def sweep(self, *, now: datetime) -> list[Path]:
        """Delete the temporary files that killed processes left more than a day ago; gives their paths."""
        old = [path for path in self.folder.glob(".*.tmp") if now.timestamp() - path.stat().st_mtime > 86_400]
        for path in old:
            path.unlink(missing_ok=True)
        return sorted(old)

    def _checked(self, sample_ids: Sequence[str], embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        matrix = np.asarray(embeddings, dtype=np.float32)
        if matrix.shape != (len(sample_ids), self.dim):
            raise InvalidInput(
                f"embeddings have shape {matrix.shape} for {len(sample_ids)} ids and an encoder of {self.dim} "
                f"dimensions; give ({len(sample_ids)}, {self.dim})"
            )
        if len(set(sample_ids)) != len(sample_ids):
            raise InvalidInput(
                f"{len(sample_ids) - len(set(sample_ids))} of {len(sample_ids)} sample ids are repeats; "
                f"give each id once"
            )
        broken = np.flatnonzero(~np.isfinite(matrix).all(axis=1))
        if len(broken):
            raise InvalidInput(
                f"{len(broken)} of {len(matrix)} embeddings are not finite (rows {broken[:10].tolist()}); "
                f"embed these samples again before keeping them"
            )
        return matrix

    def _files_between(self, smallest: str, largest: str) -> Iterator[tuple[Path, _FileIds]]:
        """The readable files whose ids can be in a range, and what is known of their ids."""
        folder, seen = self.folder, self._seen
        with storage_errors("listing the embedding cache", folder, intact="nothing was changed"):
            names = sorted(name for name in _names_in(folder) if name.endswith(".parquet") and name[0] != ".")
        for name in names:
            if name not in seen:
                seen[name] = self._range_of(folder / name)
            ids = seen[name]
            if ids is not None and ids.first <= largest and smallest <= ids.last:
                yield folder / name, ids

    @property
    def _seen(self) -> dict[str, _FileIds | None]:
        return _SEEN.setdefault(self.folder.absolute(), {})

    def _range_of(self, path: Path) -> _FileIds | None:
        import pyarrow.parquet as pq

        try:
            schema = pq.read_schema(path.name, filesystem=arrow_filesystem(path.parent))
            if schema.field("embedding").type != pa.binary(self.dim * 4):
                raise ValueError(f"its embeddings are {schema.field('embedding').type}")
            return _FileIds(schema.metadata[_FIRST].decode(), schema.metadata[_LAST].decode())
        except (OSError, ValueError, KeyError, TypeError) as error:
            _warn(path, error)
            return None

    def _vectors_in(
        self, path: Path, known: _FileIds, wanted: Container[str], keys: NDArray[np.uint64]
    ) -> list[tuple[str, NDArray[np.float32]]]:
        """The wanted vectors of one file, nothing where the file turns out to be damaged."""
        if known.keys is not None and not _is_any_in(keys, known.keys):
            return []
        try:
            ids = _column(path, "sample_id").to_pylist()
            known.keys = _keys_of(ids)
            here = {sample_id: row for row, sample_id in enumerate(ids) if sample_id in wanted}
            if not here:
                return []
            matrix = np.frombuffer(_column(path, "embedding").combine_chunks().buffers()[1], dtype=np.float32).reshape(
                -1, self.dim
            )
            if len(matrix) != len(ids):
                raise ValueError(f"it holds {len(ids)} ids and {len(matrix)} embeddings")
        except (OSError, ValueError) as error:
            self._seen[path.name] = None
            _warn(path, error)
            return []
        return [(sample_id, matrix[row]) for sample_id, row in here.items()]


def _column(path: Path, name: str) -> pa.ChunkedArray:
    return _table(path, columns=[name])[name]


def _table(path: Path, **how: Any) -> pa.Table:
    import pyarrow.parquet as pq

    folder = arrow_filesystem(path.parent)
    return pq.read_table(path.name, filesystem=folder, page_checksum_verification=True, **how)


def _names_in(folder: Path) -> list[str]:
    if not is_local(folder):
        return [path.name for path in folder.glob("*.parquet")]
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries]
    except FileNotFoundError:
        return []


def _keys_of(sample_ids: Collection[str]) -> NDArray[np.uint64]:
    """(n,) 64-bit keys of ids, in their order."""
    return np.fromiter((xxhash.xxh3_64_intdigest(i.encode()) for i in sample_ids), np.uint64, len(sample_ids))


def _is_any_in(ascending: NDArray[np.uint64], others: NDArray[np.uint64]) -> bool:
    """Whether any of the others is among some ascending keys."""
    place = np.searchsorted(ascending, others)
    return bool((ascending[np.minimum(place, len(ascending) - 1)] == others).any())


def forget_embeddings(root: Path, sample_ids: pa.Array) -> int:
    """Take vectors of some contents out of the cache, for every encoder; the others of their files go to new ones.

    Args:
        root: Folder of all corpora.
        sample_ids: Content hashes that no corpus needs any more; repeats are allowed.

    Returns: how many vectors went. A damaged file stays: its vectors are computed again in any case.

    Raises: StorageError when the disk is full or fails; a vector is then there once or twice.
    """
    n_gone = 0
    for path in sorted((place(root) / "_embeddings").glob("*/[!.]*.parquet")):
        try:
            ids = _column(path, "sample_id")
            stays = pc.invert(pc.is_in(ids, value_set=sample_ids))
            if pc.all(stays).as_py():
                continue
            rest = _table(path).filter(stays)
        except (OSError, ValueError, KeyError) as error:
            _warn(path, error)
            continue
        with storage_errors("taking out embeddings", path.parent, intact="the others are as they were"):
            if rest.num_rows:
                _write(path.parent, rest["sample_id"].to_pylist(), b"".join(rest["embedding"].to_pylist()))
            path.unlink(missing_ok=True)
        n_gone += len(ids) - rest.num_rows
    return n_gone


def _write(folder: Path, ids: Sequence[str], flat: bytes) -> None:
    """One file of vectors, named by its content: n sorted ids, and the bytes of their float32 rows."""
    import pyarrow.parquet as pq

    digest = xxhash.xxh3_128("\0".join(ids).encode())
    digest.update(flat)
    values = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(len(flat) // len(ids)), len(ids), [None, pa.py_buffer(flat)]
    )
    table = pa.table({"sample_id": pa.array(ids, pa.string()), "embedding": values})
    table = table.replace_schema_metadata({_FIRST: ids[0], _LAST: ids[-1]})
    name = f"{digest.hexdigest()}.parquet"
    with storage_errors(f"keeping {len(ids)} embeddings", folder, intact="the cache is as it was"):
        replace_file(
            folder / name,
            lambda path: pq.write_table(
                table, path, compression="none", use_dictionary=False, write_page_checksum=True
            ),
        )
    # One that was damaged is whole again.
    _SEEN.get(folder.absolute(), {}).pop(name, None)


def _warn(path: Path, error: BaseException) -> None:
    logger.warning(
        "the embeddings in %s are damaged and will be computed again (%s); delete the file to stop this warning",
        path,
        first_line(error),
    )
