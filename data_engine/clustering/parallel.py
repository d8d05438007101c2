"""Spreads tiles over threads, each with a single-threaded matrix product.

Many products of a moderate size suffer when the BLAS splits each of them: its threads wait for each other at every
product, for longer than they compute once another process wants the same cores. Whole tiles per thread need no
waiting, and the steps around the product (the smallest score of a row) run in parallel as well.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController, threadpool_limits  # type: ignore[import-untyped]

T = TypeVar("T")

#: Bounds the memory of all tiles together.
_MAX_THREADS = 8
#: Results of one spread are at most this many, whatever the number of rows or threads.
_MAX_CHUNKS = 64
#: Scores and values below which starting threads costs more than it saves.
_SMALL = 1 << 20


class _Team:
    """Threads shared by everybody inside a `with TEAM:` block; the BLAS is single-threaded meanwhile.

    The limit on the BLAS may hold for the whole process, so blocks that overlap in time are counted, and the last one
    to end restores what the first one found. A limit can only be lifted by the thread that set it, hence the keeper.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._n_inside = 0
        self._pool: ThreadPoolExecutor | None = None
        self._keeper: ThreadPoolExecutor | None = None
        self._limits: Any = None

    def __enter__(self) -> None:
        with self._lock:
            if self._n_inside == 0:
                blas = ThreadpoolController().select(user_api="blas")
                n_threads = max((library["num_threads"] for library in blas.info()), default=1)
                self._keeper = ThreadPoolExecutor(1)
                self._limits = self._keeper.submit(blas.limit, limits=1).result()
                # Where limits hold per thread, every worker needs its own.
                self._pool = ThreadPoolExecutor(min(n_threads, _MAX_THREADS), initializer=_one_blas_thread)
            self._n_inside += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._n_inside -= 1
            if self._n_inside == 0 and self._pool is not None and self._keeper is not None:
                self._pool.shutdown()
                self._keeper.submit(self._limits.restore_original_limits).result()
                self._keeper.shutdown()
                self._pool = self._keeper = None

    @property
    def n_threads(self) -> int:
        """Threads at work at once; 1 outside a block."""
        return 1 if self._pool is None else self._pool._max_workers

    def map(self, work: Callable[[slice], T], chunks: list[slice]) -> list[T]:
        """The results in the order of the chunks."""
        pool = self._pool
        return [work(chunk) for chunk in chunks] if pool is None else list(pool.map(work, chunks))


def _one_blas_thread() -> None:
    threadpool_limits(limits=1, user_api="blas")


TEAM = _Team()


def over_chunks(work: Callable[[slice], T], n_rows: int, *, tile_rows: int, n_columns: int) -> list[T]:
    """Apply `work` to consecutive slices that cover `n_rows` rows, in threads where that pays.

    Args:
        work: reads its slice tile by tile; writes to nothing that another slice writes to.
        n_rows: rows in all.
        tile_rows: rows of a tile; a chunk is a whole number of tiles.
        n_columns: values computed per row, to judge whether threads pay.

    Returns: results in order; chunks depend on the sizes alone, so sums over them are the same on every machine.
    """
    n_tiles = -(-n_rows // tile_rows)
    step = -(-n_tiles // _MAX_CHUNKS) * tile_rows
    chunks = [slice(start, min(start + step, n_rows)) for start in range(0, n_rows, step or 1)]
    if len(chunks) < 2 or n_rows * n_columns < _SMALL:
        return [work(chunk) for chunk in chunks]
    return TEAM.map(work, chunks)
