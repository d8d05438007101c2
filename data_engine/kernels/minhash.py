"""MinHash values of texts, and Jaccard similarities of their shingles.

Gain: MinHash 3.2 times as fast as NumPy, Jaccard 7 times as fast as sparse rows of scipy (500,000 shingles of 6,579
texts; decision 026).
Reference: `duplicates.texts.minhash` and `duplicates.texts.similarity` without the kernel, which texts too few to repay
loading take; `data_engine_tests/kernels/test_minhash.py` asks for the same bits.
"""

import numpy as np
from numpy.typing import NDArray

from data_engine.kernels.loading import compiled


def smallest_products(
    hashes: NDArray[np.uint32], starts: NDArray[np.int64], multipliers: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    """(n_texts, n_values) the smallest product, modulo 2^32, of each text's hashes and each multiplier.

    Args:
        hashes: (n_shingles,) of all texts, one text after the other.
        starts: (n_texts,) where each text begins; none is empty.
        multipliers: (n_values,) odd.
    """
    smallest = np.empty((len(starts), len(multipliers)), np.uint32)
    _smallest_products(hashes, starts, multipliers, smallest)
    return smallest


def jaccards(
    hashes: NDArray[np.uint64], offsets: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(n_pairs,) Jaccard similarities of texts first[i] and second[i]; 0 where both are empty.

    Args:
        hashes: (n_shingles,) of all texts, one text after the other; those of one text may repeat.
        offsets: (n_texts + 1,) where each text begins and ends.
        first: (n_pairs,) numbers of texts.
        second: (n_pairs,) numbers of texts.
    """
    similarities = np.empty(len(first))
    _jaccards(hashes, offsets, first, second, similarities)
    return similarities


@compiled
def _smallest_products(hashes, starts, multipliers, out):
    for text in range(len(starts)):
        row = out[text]
        for value in range(len(row)):
            row[value] = np.uint32(0xFFFFFFFF)
        stop = starts[text + 1] if text + 1 < len(starts) else len(hashes)
        for place in range(starts[text], stop):
            for value in range(len(row)):
                product = np.uint32(hashes[place] * multipliers[value])
                row[value] = min(row[value], product)


@compiled
def _jaccards(hashes, offsets, first, second, out):
    """Put the shingles of a pair into one open hash table.

    A slot says by its mark whose shingle it holds, so the table is never emptied.
    """
    n_longest = 0
    for text in range(len(offsets) - 1):
        n_longest = max(n_longest, offsets[text + 1] - offsets[text])
    n_slots = 16
    while n_slots < 4 * n_longest:
        n_slots *= 2
    keys, marks, last = np.zeros(n_slots, np.uint64), np.zeros(n_slots, np.int64), np.uint64(n_slots - 1)
    for pair in range(len(first)):
        one, both = 2 * pair + 1, 2 * pair + 2
        n_all = n_common = 0
        for place in range(offsets[first[pair]], offsets[first[pair] + 1]):
            slot = _slot_of(keys, marks, hashes[place], one, last)
            if marks[slot] < one:
                keys[slot], marks[slot] = hashes[place], one
                n_all += 1
        for place in range(offsets[second[pair]], offsets[second[pair] + 1]):
            slot = _slot_of(keys, marks, hashes[place], one, last)
            if marks[slot] == one:
                n_common += 1
            elif marks[slot] < one:
                n_all += 1
            keys[slot], marks[slot] = hashes[place], both
        out[pair] = n_common / n_all if n_all else 0.0


@compiled
def _slot_of(keys, marks, key, one, last):
    """The first slot that holds a key of this pair, or nothing of this pair."""
    slot = key & last
    while marks[slot] >= one and keys[slot] != key:
        slot = (slot + np.uint64(1)) & last
    return slot
