import threading
from itertools import pairwise

import numpy as np
from threadpoolctl import threadpool_info

from data_engine.clustering import kmeans
from data_engine.clustering.parallel import TEAM, over_chunks


def blas_threads() -> list[int]:
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_chunks_cover_every_row_once_and_results_come_in_order():
    with TEAM:
        chunks = over_chunks(lambda chunk: (chunk.start, chunk.stop), 1_000_001, tile_rows=100, n_columns=10)
    assert len(chunks) <= 64
    assert chunks[0][0] == 0
    assert chunks[-1][1] == 1_000_001
    assert all(before[1] == after[0] for before, after in pairwise(chunks))
    assert all(start % 100 == 0 for start, _ in chunks)


def test_no_rows_give_no_chunks():
    assert over_chunks(lambda chunk: chunk, 0, tile_rows=10, n_columns=1) == []


def test_the_blas_has_its_threads_back_after_overlapping_blocks():
    before = blas_threads()
    inside = threading.Event()
    leave = threading.Event()

    def other() -> None:
        with TEAM:
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    with TEAM:
        assert set(blas_threads()) == {1}
        thread.start()
        assert inside.wait(10)
    assert set(blas_threads()) == {1}
    leave.set()
    thread.join()
    assert blas_threads() == before


def test_the_blas_has_its_threads_back_after_an_error():
    before = blas_threads()
    try:
        with TEAM:
            raise RuntimeError
    except RuntimeError:
        pass
    assert blas_threads() == before


def test_clusterings_in_several_threads_give_what_one_alone_gives():
    x = np.random.default_rng(0).normal(size=(20_000, 16)).astype(np.float32)
    alone = kmeans(x, 64, seed=0, max_iterations=3)
    found = []
    threads = [threading.Thread(target=lambda: found.append(kmeans(x, 64, seed=0, max_iterations=3))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert all(np.array_equal(alone.centroids, other.centroids) for other in found)
