"""Embedding only unknown contents, chunk by chunk, so that a killed run loses at most one chunk.

The cache on disk that it is given is `storage/embedding_cache.py`.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding.encoder import Encoder, Progress
from data_engine.errors import InvalidInput

CHUNK = 1024


class Cache(Protocol):
    """Vectors by content hash, of one encoder version."""

    def get(self, sample_ids: Sequence[str]) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Which ids are known, and an (n, dim) matrix whose rows are valid where known."""

    def put(self, sample_ids: Sequence[str], embeddings: NDArray[np.float32]) -> None:
        """Keep one chunk of vectors, all or none."""


class VectorRows(Protocol):
    """Where vectors go, by their position."""

    def put(self, rows: NDArray[np.int64], values: NDArray[np.float32]) -> None:
        """Keep (m, dim) values as these rows."""


@dataclass(frozen=True)
class Embedded:
    """Embeddings of n contents, and the failures among them.

    Attributes:
        rows: (n, dim) float32 rows of L2 norm 1 in the order of the ids; NaN where the encoder failed. Without rows
            where they went elsewhere.
        n_computed: How many were computed now; the others were known, or failed.
        failures: Why, by the position of a content that the encoder failed on.
    """

    rows: NDArray[np.float32]
    n_computed: int
    failures: dict[int, str]


@dataclass(frozen=True)
class _Matrix:
    rows: NDArray[np.float32]

    def put(self, rows: NDArray[np.int64], values: NDArray[np.float32]) -> None:
        self.rows[rows] = values


def embed_unique(
    sample_ids: Sequence[str],
    load: Callable[[Sequence[int]], Sequence[Any]],
    encoder: Encoder,
    cache: Cache,
    *,
    progress: Progress = lambda _n: None,
    into: VectorRows | None = None,
) -> Embedded:
    """Embed n contents, each once, and remember them.

    The chunks are cut by the order of the ids alone, so that a resumed run forms the same chunks as an
    uninterrupted one and ends with the same vectors. A content that the encoder fails on costs its chunk nothing but
    time: its neighbours are embedded one by one.

    Args:
        sample_ids: n content hashes, each once.
        load: Gives the contents at the positions asked for.
        encoder: Computes what the cache does not know.
        cache: Known vectors of this encoder version.
        progress: A callable `advance(n)`: n more are done, cached ones included.
        into: Is given every vector, a chunk at a time, so that they are never all in memory; none where the encoder
            failed. By default they are rows of what is returned.

    Raises: InvalidInput when an id comes twice.
    """
    if len(set(sample_ids)) != len(sample_ids):
        twice = sorted(i for i, n in Counter(sample_ids).items() if n > 1)[:10]
        raise InvalidInput(f"sample ids {twice} come more than once; embed each content once")
    matrix = _Matrix(np.full((len(sample_ids) if into is None else 0, encoder.dim), np.nan, dtype=np.float32))
    rows: VectorRows = matrix if into is None else into
    failures: dict[int, str] = {}
    n_computed = 0
    order = sorted(range(len(sample_ids)), key=sample_ids.__getitem__)
    for start in range(0, len(order), CHUNK):
        chunk = np.array(order[start : start + CHUNK])
        known, vectors = cache.get([sample_ids[i] for i in chunk])
        rows.put(chunk[known], vectors[known])
        progress(int(known.sum()))
        missing = [int(i) for i in chunk[~known]]
        if missing:
            computed, failed = _compute(missing, load, encoder, progress)
            failures |= failed
            is_done = np.array([i not in failed for i in missing])
            done = np.array(missing)[is_done]
            rows.put(done, computed[is_done])
            cache.put([sample_ids[i] for i in done], computed[is_done])
            n_computed += len(done)
    return Embedded(matrix.rows, n_computed, failures)


def _compute(
    positions: list[int], load: Callable[[Sequence[int]], Sequence[Any]], encoder: Encoder, progress: Progress
) -> tuple[NDArray[np.float32], dict[int, str]]:
    """The rows of these contents, NaN where the encoder failed, and why it did by position."""
    n_told = 0

    def tell(n: int) -> None:
        nonlocal n_told
        n_told += n
        progress(n)

    try:
        rows, failures = encoder.encode(load(positions), tell), {}
    except Exception as error:
        if len(positions) == 1:
            progress(1 - n_told)
            return np.full((1, encoder.dim), np.nan, dtype=np.float32), {positions[0]: _sentence(error)}
        progress(-n_told)
        found = [_compute([position], load, encoder, progress) for position in positions]
        return np.concatenate([row for row, _ in found]), {i: why for _, failed in found for i, why in failed.items()}
    for row in np.flatnonzero(~np.isfinite(rows).all(axis=1)):
        failures[positions[row]] = "the encoder gave values that are not finite"
        rows[row] = np.nan
    return rows, failures


def _sentence(error: Exception) -> str:
    """An error in one line of at most 200 characters."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]
