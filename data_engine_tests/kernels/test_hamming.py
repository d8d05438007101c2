"""Pairs within a distance are those that a count of all differing bits finds."""

import numpy as np
import pytest

from data_engine.kernels import loading
from data_engine.kernels.hamming import near_pairs_of_ranges


@pytest.mark.parametrize("kind", [np.uint32, np.int64])
@pytest.mark.parametrize("max_distance", [0, 7, 64])
def test_pairs_are_those_of_the_ranges_within_the_distance(kind: type, max_distance: int) -> None:
    random = np.random.default_rng(0)
    keys = np.sort(random.integers(0, 2**63, 300, dtype=np.uint64))
    keys[100:200] = keys[100] ^ (np.uint64(1) << random.integers(0, 64, 100, dtype=np.uint64))
    hashes, rows = keys[[100, 0, 299]], random.permutation(300).astype(kind)
    # Two ranges for each hash; one of them is empty.
    first, last = np.array([50, 250, 0, 10, 299, 5]), np.array([250, 300, 1, 10, 300, 30])
    expected = [
        (number << 32) | int(rows[place])
        for number, hash_ in enumerate(hashes)
        for at in (2 * number, 2 * number + 1)
        for place in range(first[at], last[at])
        if np.bitwise_count(keys[place] ^ hash_) <= max_distance
    ]
    found = near_pairs_of_ranges(keys, rows, hashes, first, last, max_distance=max_distance)
    assert found.tolist() == expected
    assert len(expected) >= 3
    assert {"hamming._count", "hamming._fill"} <= loading.kernels_used()


def test_no_hashes_have_no_pairs() -> None:
    nothing = np.empty(0, np.int64)
    keys = np.array([1], np.uint64)
    assert near_pairs_of_ranges(keys, np.array([0]), keys[:0], nothing, nothing, max_distance=7).tolist() == []
