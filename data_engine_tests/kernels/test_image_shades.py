import numpy as np

from data_engine.kernels.image_shades import AT_ONCE, BLUE, GREEN, PER_SHADE, RED, shade


def _looked_at(words: np.ndarray, n_fields: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    grey = np.empty((len(words), AT_ONCE), np.int32)
    columns = np.empty((n_fields, 3, AT_ONCE), np.int32)
    squares, counts = np.empty(2, np.int64), np.empty((4, 256), np.uint32)
    widest = shade(words, grey, columns, squares, counts)
    return grey, columns, squares, counts, widest


def test_weights_of_red_green_and_blue_make_a_thousand_per_shade() -> None:
    assert (RED, GREEN, BLUE, PER_SHADE) == (299, 587, 114, 1000)


def test_shades_sums_squares_and_counts_of_two_pixels_are_those_computed_by_hand() -> None:
    # (10, 20, 30) above (40, 0, 5); the highest byte means nothing.
    words = np.array([[10 | 20 << 8 | 30 << 16 | 99 << 24], [40 | 5 << 16]], np.uint32)
    grey, columns, squares, counts, widest = _looked_at(words, 2)
    assert grey[:, 0].tolist() == [299 * 10 + 587 * 20 + 114 * 30, 299 * 40 + 114 * 5]
    assert (grey[:, 1:] == 0).all()
    assert columns[:, :, 0].tolist() == [[10, 20, 30], [40, 0, 5]]
    # (10 - 20)^2 + 40^2, and (10 + 20 - 60)^2 + (40 - 10)^2.
    assert squares.tolist() == [100 + 1600, 900 + 900]
    # Shades 18.15 and 12.53, rounded.
    assert np.flatnonzero(counts.sum(axis=0)).tolist() == [13, 18]
    assert widest == 40


def test_rows_of_one_field_are_added_up_and_every_pixel_is_counted_once() -> None:
    words = np.full((5, 7), 1 | 1 << 8 | 1 << 16, np.uint32)
    _, columns, squares, counts, widest = _looked_at(words, 2)
    # Five rows are fields of two and of three.
    assert columns[:, 0, :7].tolist() == [[2] * 7, [3] * 7]
    assert counts.sum(axis=0)[1] == counts.sum() == 35
    assert (squares.tolist(), widest) == ([0, 0], 0)
