"""Keys of texts whose signatures are written by hand: four values in two bands of two rows."""

import numpy as np

from data_engine.duplicates.texts.bands import BandGroups, band_keys, bands_and_rows, colliding
from data_engine.duplicates.texts.minhash import Sketches

SHORT_WITH_DIGITS, SHORT, LONG_WITH_DIGITS = 7, 1, 6


def _sketches(*texts: tuple[list[int], int]) -> Sketches:
    signatures = np.array([values for values, _ in texts], np.uint32)
    numbers = np.array([number for _, number in texts], np.uint64)
    return Sketches(signatures, numbers, np.ones(len(texts), bool))


def _groups(old: Sketches, new: Sketches) -> list[list[int]]:
    first = band_keys(old, 2, 2)
    found = colliding(first, band_keys(new, 2, 2, first_number=len(old)))
    return [found.numbers[found.group == group].tolist() for group in np.unique(found.group)]


def test_bands_find_a_pair_at_the_threshold_with_probability_of_a_thousandth_to_miss() -> None:
    assert [bands_and_rows(threshold) for threshold in (1.0, 0.9, 0.8, 0.5, 0.01)] == [
        (1, 126),
        (15, 8),
        (25, 5),
        (63, 2),
        (126, 1),
    ]


NONE = Sketches(np.empty((0, 4), np.uint32), np.empty(0, np.uint64), np.empty(0, bool))


def test_texts_that_are_equal_in_one_band_share_a_key() -> None:
    texts = _sketches(([1, 2, 3, 4], SHORT), ([1, 2, 8, 9], SHORT), ([5, 6, 8, 9], SHORT), ([1, 3, 3, 8], SHORT))
    # The first band is equal in 0 and 1, the second in 1 and 2.
    assert sorted(_groups(NONE, texts)) == [[0, 1], [1, 2]]


def test_short_texts_share_a_key_only_with_the_same_digits_and_long_ones_with_any() -> None:
    same = [1, 2, 3, 4]
    assert _groups(NONE, _sketches((same, SHORT), (same, SHORT_WITH_DIGITS))) == []
    assert sorted(_groups(NONE, _sketches((same, SHORT_WITH_DIGITS), (same, SHORT_WITH_DIGITS)))) == [[0, 1], [0, 1]]
    other_digits = _sketches((same, LONG_WITH_DIGITS), (same, 8))
    assert sorted(_groups(NONE, other_digits)) == [[0, 1], [0, 1]]


def test_accepted_texts_are_grouped_with_new_ones_and_never_among_themselves() -> None:
    same = [1, 2, 3, 4]
    old = _sketches((same, SHORT), (same, SHORT))
    assert _groups(old, NONE) == []
    assert sorted(_groups(old, _sketches((same, SHORT)))) == [[0, 1, 2], [0, 1, 2]]


def test_pairs_are_those_of_a_later_text_with_each_earlier_one_of_its_group() -> None:
    groups = BandGroups(np.array([0, 2, 5, 1, 2]), np.array([0, 0, 0, 1, 1]))
    pairs = [list(zip(later.tolist(), earlier.tolist(), strict=True)) for later, earlier in groups.pairs(2)]
    assert pairs == [[(2, 0), (5, 0), (5, 2), (2, 1)]]
    rejected = np.array([False, False, True, False, False, False])
    assert groups.before(5, rejected).numbers.tolist() == [0, 1]
    larger = groups.larger_than(2)
    assert larger is not None
    assert larger.numbers.tolist() == [0, 2, 5]
    assert groups.larger_than(3) is None
    assert groups.without_earlier().tolist() == [0, 1]
