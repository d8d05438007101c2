import numpy as np
from near_hashes import hashes_near_one_another

from data_engine.duplicates.images.hash_keys import MAX_DISTANCE, keys_of, near_pairs, rows_near
from data_engine.kernels import loading


def test_a_key_is_the_hash_rotated_so_that_a_band_comes_first() -> None:
    assert [f"{key:016x}" for key in keys_of(np.array([0x1111222233334444], np.uint64))[:, 0]] == [
        "1111222233334444",
        "2222333344441111",
        "3333444411112222",
        "4444111122223333",
    ]


def test_rows_near_to_hashes_are_all_those_within_the_distance_of_any() -> None:
    hashes = hashes_near_one_another()
    keys = keys_of(hashes[:200])
    rows = np.argsort(keys, axis=1)
    is_near = np.bitwise_count(hashes[:200, None] ^ hashes[200:]) <= MAX_DISTANCE
    found = rows_near(np.take_along_axis(keys, rows, axis=1), rows, hashes[200:])
    assert found.tolist() == np.flatnonzero(is_near.any(axis=1)).tolist()
    assert 50 < len(found) < 150
    assert rows_near(keys[:, :0], rows[:, :0], hashes).tolist() == []
    assert {"hamming._count", "hamming._fill"} <= loading.kernels_used()


def test_seven_bits_apart_is_near_eight_is_not_and_a_pair_is_found_once() -> None:
    hashes = np.array([0, 0b1111111, 0b11111111], np.uint64)
    keys = keys_of(hashes)
    rows = np.argsort(keys, axis=1)
    ((_, which, found),) = near_pairs(np.take_along_axis(keys, rows, axis=1), rows, hashes[:2])
    assert list(zip(which.tolist(), found.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)]
