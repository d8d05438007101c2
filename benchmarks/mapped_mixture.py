"""A large file of embedding-like rows, written in pieces and removed after use, for benchmarks beyond the memory."""

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np

_PIECE_ROWS = 20_000
#: Values of one row of noise are neighbours in a long random vector: real draws would take longer than the clustering.
_NOISE_VALUES = 1 << 24


@contextmanager
def mapped_mixture(
    n_rows: int, dim: int, n_centres: int, *, seed: int, dtype: str = "float32", folder: str | None = None
) -> Iterator[np.memmap]:
    """A read-only memory map of (n_rows, dim) unit rows around centres whose shares fall like 1 / rank.

    Args:
        n_rows: rows of the file; any first part of it is the same mixture.
        dim: values per row.
        n_centres: groups.
        seed: decides every value.
        dtype: "float32" or "float16".
        folder: where the file lies meanwhile; the system's temporary folder by default.
    """
    with tempfile.TemporaryDirectory(prefix="mapped_mixture_", dir=folder) as place:
        path = Path(place) / "rows.bin"
        x = np.memmap(path, dtype=dtype, mode="w+", shape=(n_rows, dim))
        rng = np.random.default_rng(seed)
        centres = rng.standard_normal((n_centres, dim), dtype=np.float32)
        noise = rng.standard_normal(_NOISE_VALUES, dtype=np.float32) * np.float32(0.7)
        share = 1 / np.arange(1, n_centres + 1)
        cumulated = np.cumsum(share / share.sum())

        def write(start: int) -> None:
            piece = x[start : start + _PIECE_ROWS]
            own = np.random.default_rng([seed, start])
            centre = np.minimum(np.searchsorted(cumulated, own.random(len(piece))), n_centres - 1)
            offsets = own.integers(0, _NOISE_VALUES - dim, len(piece))
            rows = centres[centre]
            rows += np.lib.stride_tricks.sliding_window_view(noise, dim)[offsets]
            rows /= np.linalg.norm(rows, axis=1, keepdims=True)
            piece[:] = rows

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(write, range(0, n_rows, _PIECE_ROWS)))
        x.flush()
        yield np.memmap(path, dtype=dtype, mode="r", shape=(n_rows, dim))
