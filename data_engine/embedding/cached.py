"""Embedding only unknown contents, chunk by chunk, so that a killed run loses at most one chunk."""

from collections.abc import Callable, Sequence
from typing import Protocol

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


def embed_unique(
    sample_ids: Sequence[str],
    load: Callable[[Sequence[int]], Sequence[str]],
    encoder: Encoder,
    cache: Cache,
    *,
    progress: Progress = lambda _n: None,
) -> tuple[NDArray[np.float32], int]:
    """Embed n contents, each once, and remember them.

    The chunks are cut by the order of the ids alone, so that a resumed run forms the same chunks as an
    uninterrupted one and ends with the same vectors.

    Args:
        sample_ids: n content hashes, each once.
        load: Gives the contents at the positions asked for.
        encoder: Computes what the cache does not know.
        cache: Known vectors of this encoder version.
        progress: Is told how many more are done, cached ones included.

    Returns: (n, dim) float32 rows of L2 norm 1 in the order of the ids, and how many were computed now.

    Raises: InvalidInput when an id comes twice.
    """
    if len(set(sample_ids)) != len(sample_ids):
        twice = sorted({i for i in sample_ids if list(sample_ids).count(i) > 1})[:10]
        raise InvalidInput(f"sample ids {twice} come more than once; embed each content once")
    rows = np.empty((len(sample_ids), encoder.dim), dtype=np.float32)
    n_computed = 0
    order = np.argsort(np.asarray(sample_ids, dtype=object), kind="stable") if len(sample_ids) else np.empty(0, int)
    for start in range(0, len(order), CHUNK):
        chunk = order[start : start + CHUNK]
        ids = [sample_ids[i] for i in chunk]
        known, vectors = cache.get(ids)
        missing = np.flatnonzero(~known)
        if len(missing):
            computed = encoder.encode(load([int(chunk[i]) for i in missing]))
            cache.put([ids[i] for i in missing], computed)
            vectors = np.array(vectors, dtype=np.float32)
            vectors[missing] = computed
            n_computed += len(missing)
        rows[chunk] = vectors
        progress(len(chunk))
    return rows, n_computed
