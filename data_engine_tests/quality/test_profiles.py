import numpy as np
import pyarrow as pa

from data_engine.quality.profiles import occurrences, vectors


def test_vectors_of_several_lengths_are_measured_row_by_row_and_odd_bytes_are_left_out() -> None:
    rows = [np.array(values, np.float32).tobytes() for values in ([3, 4], [], [1, 2, 2], [np.nan, 1])]
    measured = vectors(pa.chunked_array([pa.array(rows[:2], pa.binary()), pa.array([rows[2] + b"abc", rows[3]])]))
    assert measured.n_values.tolist() == [2, 0, 3, 2]
    assert measured.is_finite.tolist() == [True, True, True, False]
    np.testing.assert_array_equal(measured.norm, [5, 0, 3, np.nan])
    np.testing.assert_array_equal(measured.total, [7, 0, 5, np.nan])


def test_occurrences_count_every_id_among_the_others() -> None:
    ids, among = pa.chunked_array([["a", "b", "c"]]), pa.chunked_array([["c", "a"], ["c"]])
    assert occurrences(ids, among).to_pylist() == [1, 0, 2]
