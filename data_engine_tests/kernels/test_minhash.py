"""MinHash values and Jaccard similarities are those of plain Python."""

from itertools import pairwise

import numpy as np

from data_engine.kernels import loading
from data_engine.kernels.minhash import jaccards, smallest_products


def test_values_are_the_smallest_products_modulo_two_to_the_32() -> None:
    random = np.random.default_rng(0)
    hashes = random.integers(0, 2**32, 50, dtype=np.uint32)
    multipliers = random.integers(0, 2**32, 9, dtype=np.uint32) | np.uint32(1)
    starts = np.array([0, 1, 30])
    expected = [
        [min(int(hash_) * int(multiplier) % 2**32 for hash_ in hashes[start:stop]) for multiplier in multipliers]
        for start, stop in ((0, 1), (1, 30), (30, 50))
    ]
    assert smallest_products(hashes, starts, multipliers).tolist() == expected
    assert "minhash._smallest_products" in loading.kernels_used()


def test_similarities_are_those_of_sets_also_where_shingles_repeat() -> None:
    random = np.random.default_rng(1)
    lengths = random.integers(0, 40, 30)
    lengths[:2] = 0
    offsets = np.append(0, np.cumsum(lengths))
    hashes = random.integers(0, 25, int(offsets[-1]), dtype=np.uint64) * np.uint64(1 << 40)
    sets = [set(hashes[start:stop].tolist()) for start, stop in pairwise(offsets.tolist())]
    first, second = (places.ravel() for places in np.indices((30, 30)))
    expected = [
        len(sets[a] & sets[b]) / len(sets[a] | sets[b]) if sets[a] | sets[b] else 0.0
        for a, b in zip(first.tolist(), second.tolist(), strict=True)
    ]
    assert jaccards(hashes, offsets, first, second).tolist() == expected
    assert "minhash._jaccards" in loading.kernels_used()
