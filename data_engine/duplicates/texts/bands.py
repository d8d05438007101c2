"""Bands of locality-sensitive hashing: the keys of texts, and the groups of texts that share a key.

The signature is cut into bands; texts that are equal in one band share a key. The keys of all texts include the
numbers; long texts get a second key without them. So a thousand short texts that differ in a number only are no
candidates, instead of half a million pairs. Signatures are in `minhash.py`, the search in `search.py`. Source:
Leskovec et al., Mining of Massive Datasets, 3.4.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from data_engine.duplicates.texts.minhash import N_PERMUTATIONS, Signatures, Sketches

Numbers = NDArray[np.int64]
Keys = NDArray[np.uint64]

_RECALL_AT_THRESHOLD = 0.999
_PAIRS_PER_PIECE = 1 << 20
_EVEN = np.uint64(0xFFFFFFFFFFFFFFFE)
_SLOTS_PER_KEY = 4


@cache
def bands_and_rows(threshold: float) -> tuple[int, int]:
    """Bands and rows per band that find a pair at the threshold with probability 0.999 and propose the fewest pairs."""
    for n_rows in range(N_PERMUTATIONS, 1, -1):
        n_bands = N_PERMUTATIONS // n_rows
        if 1 - (1 - threshold**n_rows) ** n_bands >= _RECALL_AT_THRESHOLD:
            return n_bands, n_rows
    return N_PERMUTATIONS, 1


@dataclass(frozen=True, eq=False)
class BandKeys:
    """The keys of texts: one per band for every text with words, and another one for long texts with numbers."""

    keys: Keys
    """(n_bands, n_entries)."""
    numbers: Numbers
    """(n_entries,) the text of each entry, the same in every band."""


def band_keys(sketches: Sketches, n_bands: int, n_rows: int, *, first_number: int = 0) -> BandKeys:
    """The keys of the sketched texts, which are numbered from `first_number` on."""
    rows = np.flatnonzero(sketches.has_shingles)
    digits = sketches.numbers & _EVEN
    long_rows = rows[~sketches.is_short[rows] & (digits[rows] != 0)]
    keys = np.empty((n_bands, len(rows) + len(long_rows)), np.uint64)
    for band in range(n_bands):
        plain = _hashed(sketches.signatures[:, band * n_rows : (band + 1) * n_rows], band)
        keys[band, : len(rows)] = (plain ^ digits)[rows]
        keys[band, len(rows) :] = plain[long_rows]
    return BandKeys(keys, np.concatenate([rows, long_rows]) + first_number)


def _hashed(columns: Signatures, band: int) -> Keys:
    """(n,) 64-bit hash of each row and the band's number; equal rows have equal keys."""
    keys = np.full(len(columns), 0x9E3779B97F4A7C15 + band, np.uint64)
    for column in columns.T:
        keys = (keys ^ column) * np.uint64(0xFF51AFD7ED558CCD)
        keys ^= keys >> np.uint64(32)
    return keys


def colliding(old: BandKeys, new: BandKeys) -> "BandGroups":
    """The groups of at least two texts that share a key, one of them new."""
    numbers, groups, n_groups = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    both = np.concatenate([old.numbers, new.numbers])
    is_new = np.arange(len(both)) >= len(old.numbers)
    for old_keys, new_keys in zip(old.keys, new.keys, strict=True):
        keys = np.concatenate([old_keys, new_keys])
        entries = _candidate_entries(keys, is_new)
        order = entries[np.lexsort((both[entries], keys[entries]))]
        is_start = np.ones(len(order), bool)
        is_start[1:] = keys[order][1:] != keys[order][:-1]
        group = np.cumsum(is_start) - 1
        is_shared = (np.bincount(group) > 1)[group] if len(group) else is_start
        numbers.append(both[order][is_shared])
        groups.append(group[is_shared] + n_groups)
        n_groups += len(order)
    return BandGroups(np.concatenate(numbers), np.concatenate(groups))


def _candidate_entries(keys: Keys, is_new: NDArray[np.bool_]) -> Numbers:
    """Entries that may share a key with another one, at least one of them new: those that share its highest bits."""
    n_bits = max(1, (_SLOTS_PER_KEY * len(keys)).bit_length())
    slots = (keys >> np.uint64(64 - n_bits)).astype(np.int64)
    n_here = np.bincount(slots, minlength=1)
    n_new = n_here if is_new.all() else np.bincount(slots[is_new], minlength=len(n_here))
    return np.flatnonzero((n_here[slots] > 1) & (n_new[slots] > 0))


@dataclass(frozen=True, eq=False)
class BandGroups:
    """Texts that share a key: entries sorted by group, within a group by number."""

    numbers: Numbers
    """(n_entries,) the text."""
    group: Numbers
    """(n_entries,) its group."""

    def _narrowed(self, chosen: NDArray[np.bool_]) -> "BandGroups":
        return BandGroups(self.numbers[chosen], self.group[chosen])

    def before(self, stop: int, is_rejected: NDArray[np.bool_]) -> "BandGroups":
        """Without texts from number `stop` on, and without rejected ones."""
        return self._narrowed((self.numbers < stop) & ~is_rejected[self.numbers])

    def _firsts(self) -> Numbers:
        """(n_entries,) place of the first entry of each entry's group."""
        is_start = np.ones(len(self.group), bool)
        is_start[1:] = self.group[1:] != self.group[:-1]
        starts = np.flatnonzero(is_start)
        return np.repeat(starts, np.diff(np.append(starts, len(self.group))))

    def larger_than(self, size: int) -> "BandGroups | None":
        """The groups of more entries than this; None when there is none."""
        firsts = self._firsts()
        is_large = (np.bincount(firsts) > size)[firsts] if len(firsts) else np.zeros(0, bool)
        return self._narrowed(is_large) if is_large.any() else None

    def without_earlier(self) -> Numbers:
        """Texts that come first in each of their groups, so that nothing can reject them."""
        is_first = self._firsts() == np.arange(len(self.group))
        return np.setdiff1d(self.numbers, self.numbers[~is_first])

    def pairs_with_first(self, start: int, *, known_kept: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
        """Pairs (text from number `start` on, first of its group), where the first one is kept for certain."""
        first = self.numbers[self._firsts()]
        is_paired = (self.numbers >= start) & (first < self.numbers) & ((first < start) | np.isin(first, known_kept))
        yield self.numbers[is_paired], first[is_paired]

    def pairs(self, start: int) -> Iterator[tuple[Numbers, Numbers]]:
        """Pairs (text from number `start` on, earlier text of its group), in pieces of bounded size."""
        firsts = self._firsts()
        places = np.flatnonzero((self.numbers >= start) & (np.arange(len(firsts)) > firsts))
        piece = np.cumsum(places - firsts[places]) // _PAIRS_PER_PIECE
        cuts = np.flatnonzero(piece[1:] != piece[:-1]) + 1
        for part in np.split(places, cuts):
            counts = part - firsts[part]
            later = np.repeat(part, counts)
            steps = np.arange(len(later)) - np.repeat(np.cumsum(counts) - counts, counts)
            yield self.numbers[later], self.numbers[firsts[later] + steps]
