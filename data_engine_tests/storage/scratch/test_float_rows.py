from pathlib import Path

import numpy as np

from data_engine.storage.scratch import ScratchFloats


def test_vectors_come_back_by_row_whatever_the_order_they_were_put_in(tmp_path: Path) -> None:
    x = np.random.default_rng(0).random((9, 3), dtype=np.float32)
    rows = ScratchFloats(tmp_path, 3)
    for places in ([7, 8, 0], [2, 1], [3, 4, 5, 6]):
        rows.put(np.array(places), x[places])
    assert (rows.read(np.arange(9)) == x).all()
    assert (rows.read(np.array([8, 3, 4])) == x[[8, 3, 4]]).all()
    assert rows.read(np.array([], np.int64)).shape == (0, 3)


def test_a_row_that_is_put_again_has_the_new_values(tmp_path: Path) -> None:
    rows = ScratchFloats(tmp_path, 2)
    rows.put(np.array([1, 2]), np.ones((2, 2), np.float32))
    rows.put(np.array([2]), np.array([[3, 4]], np.float32))
    assert rows.read(np.array([1, 2])).tolist() == [[1, 1], [3, 4]]
