"""The check of the embedding cache: its files against their names, its vectors against the rows of the corpus.

What a damaged file is, is known to `data_engine.storage.integrity.embedding_files`.
"""

import shlex
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from numpy.typing import NDArray

from data_engine.errors import StorageError
from data_engine.places.object_store import arrow_filesystem
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.progress import progress

_ROWS = 8192
_PAIRS = np.dtype([("sample", np.uint64), ("vector", np.uint64)])
HashedRows = NDArray[np.void]


def check_embedding_cache(checked: CheckedCorpus) -> Iterator[Finding]:
    """Files of the cache that are damaged, or that hold other vectors than the rows of the same encoder."""
    from data_engine.storage.integrity.embedding_files import damage_of, embedding_files

    files = embedding_files(checked.runtime.data_folder)
    of_rows = _rows_by_folder(checked) if files else {}
    advance = progress("checking the embedding cache", len(files))
    for path in files:
        what = damage_of(path) or _other_vectors(path, of_rows.get(path.parent))
        if what:
            what += "; they are computed again when they are needed"
            yield Finding("error", what, f"embedding cache: {checked.shown(path)}", f"rm {shlex.quote(str(path))}")
        advance(1)


def _rows_by_folder(checked: CheckedCorpus) -> dict[Path, HashedRows]:
    """Of every row of the corpus its sample and its vector, as hashes sorted by sample, by folder of the cache."""
    found: dict[Path, list[HashedRows]] = {}
    columns = ["sample_id", "encoder_version", "dim", "embedding"]
    try:
        for batch in checked.store.dataset("embeddings").to_batches(columns=columns, batch_size=_ROWS):
            rows = pa.Table.from_batches([batch])
            for encoder, dim in {*zip(rows["encoder_version"].to_pylist(), rows["dim"].to_pylist(), strict=True)}:
                of_one = rows.filter((pc.field("encoder_version") == encoder) & (pc.field("dim") == dim))
                folder = checked.store.embedding_cache(encoder, dim).folder
                found.setdefault(folder, []).append(_pairs(of_one))
    except (StorageError, OSError, pa.ArrowException):
        # What is wrong with the table is a finding of its own.
        return {}
    return {folder: np.sort(np.concatenate(pairs), order="sample") for folder, pairs in found.items()}


def _pairs(rows: pa.Table) -> HashedRows:
    samples, vectors = rows["sample_id"].to_pylist(), rows["embedding"].to_pylist()
    pairs = [
        (xxhash.xxh3_64_intdigest(sample.encode()), xxhash.xxh3_64_intdigest(vector))
        for sample, vector in zip(samples, vectors, strict=True)
    ]
    return np.array(pairs, _PAIRS)


def _other_vectors(path: Path, of_rows: HashedRows | None) -> str:
    """How many vectors of a sound file are not those of the rows; empty where none is."""
    import pyarrow.parquet as pq

    if of_rows is None:
        return ""
    folder = arrow_filesystem(path.parent)
    cached = _pairs(pq.read_table(path.name, filesystem=folder, columns=["sample_id", "embedding"]))
    places = np.searchsorted(of_rows["sample"], cached["sample"]).clip(max=len(of_rows) - 1)
    is_known = of_rows["sample"][places] == cached["sample"]
    n = int((is_known & (of_rows["vector"][places] != cached["vector"])).sum())
    return f"{n} of its embeddings are not those of the rows of the same samples" if n else ""
