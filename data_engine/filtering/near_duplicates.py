"""Near-duplicate search: banded MinHash proposes pairs, exact similarity decides, and only kept texts count."""

import math
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput
from data_engine.filtering.shingles import Shingles, similarity
from data_engine.filtering.sketches import N_PERMUTATIONS, Signatures, Sketches

Rows = NDArray[np.int64]
Keys = NDArray[np.uint64]

_RECALL_AT_THRESHOLD = 0.999
_PAIRS_PER_PIECE = 1 << 16
_TEXTS_PER_FETCH = 256
_SHINGLES_IN_MEMORY = 2_000_000
# A pair whose estimate lies this many standard errors below the threshold is not verified: 3 in 100,000 true pairs.
_ESTIMATE_SLACK = 4.0


@dataclass(frozen=True)
class Twin:
    """The kept text that a text nearly repeats: exactly one of `accepted_row` and `row` is set."""

    similarity: float
    accepted_row: int | None = None
    row: int | None = None


def bands_and_rows(threshold: float) -> tuple[int, int]:
    """Bands and rows per band that find a pair at the threshold with probability 0.999 and propose the fewest pairs."""
    for n_rows in range(N_PERMUTATIONS, 1, -1):
        n_bands = N_PERMUTATIONS // n_rows
        if 1 - (1 - threshold**n_rows) ** n_bands >= _RECALL_AT_THRESHOLD:
            return n_bands, n_rows
    return N_PERMUTATIONS, 1


def find_twins(
    texts: Sequence[str],
    sketches: Sketches,
    *,
    threshold: float,
    accepted: Sketches,
    accepted_texts: Callable[[Sequence[int]], Sequence[str]],
) -> list[Twin | None]:
    """For every text, the kept text that it nearly repeats, or None where it is kept itself.

    Greedy in the order of the texts: a text is compared with accepted texts and with earlier texts that were kept,
    never with rejected ones, so similarity is not followed from text to text. Among several candidates the one with
    the highest estimated similarity is verified first, accepted ones before others.

    Args:
        texts: the new texts, in the order of precedence.
        sketches: theirs.
        threshold: similarity in (0, 1] at and above which a text is a near-duplicate.
        accepted: sketches of texts that stay whatever comes.
        accepted_texts: gives the texts of rows of `accepted`.

    Returns: one entry per text.
    """
    candidates = _candidates(sketches, accepted, threshold)
    reader = _ShingleReader(texts, len(accepted), accepted_texts)
    twins: list[Twin | None] = [None] * len(texts)
    rows_with_candidates = sorted(candidates)
    for start in range(0, len(rows_with_candidates), _TEXTS_PER_FETCH):
        block = rows_with_candidates[start : start + _TEXTS_PER_FETCH]
        reader.fetch({other for row in block for other in candidates[row]})
        for row in block:
            twins[row] = _first_twin(row, candidates[row], twins, reader, threshold)
    return twins


def _first_twin(
    row: int, others: Sequence[int], twins: Sequence[Twin | None], reader: "_ShingleReader", threshold: float
) -> Twin | None:
    n_accepted = reader.n_accepted
    shingles = reader.shingles(n_accepted + row)
    for other in others:
        if other >= n_accepted and twins[other - n_accepted] is not None:
            continue
        measured = similarity(shingles, reader.shingles(other))
        if measured >= threshold:
            if other < n_accepted:
                return Twin(measured, accepted_row=other)
            return Twin(measured, row=other - n_accepted)
    return None


class _ShingleReader:
    """Shingles by number: accepted rows come first, new ones after them. Holds a bounded number of shingles."""

    def __init__(
        self, texts: Sequence[str], n_accepted: int, accepted_texts: Callable[[Sequence[int]], Sequence[str]]
    ) -> None:
        self.n_accepted = n_accepted
        self._texts = texts
        self._accepted_texts = accepted_texts
        self._fetched: dict[int, str] = {}
        self._cache: OrderedDict[int, Shingles] = OrderedDict()
        self._n_shingles = 0

    def fetch(self, numbers: set[int]) -> None:
        """Read the texts of the accepted rows among these numbers at once, and forget those read before."""
        wanted = sorted(number for number in numbers if number < self.n_accepted)
        texts = self._accepted_texts(wanted) if wanted else []
        if len(texts) != len(wanted):
            raise InvalidInput(
                f"text_of gave {len(texts)} texts for {len(wanted)} accepted samples; it must give one for each"
            )
        self._fetched = dict(zip(wanted, texts, strict=True))

    def shingles(self, number: int) -> Shingles:
        """The shingles of a text; of an accepted one only after it was fetched."""
        if number in self._cache:
            self._cache.move_to_end(number)
            return self._cache[number]
        text = self._fetched[number] if number < self.n_accepted else self._texts[number - self.n_accepted]
        shingles = self._cache[number] = Shingles.of(text)
        self._n_shingles += len(shingles)
        while self._n_shingles > _SHINGLES_IN_MEMORY and len(self._cache) > 1:
            self._n_shingles -= len(self._cache.popitem(last=False)[1])
        return shingles


def _candidates(new: Sketches, accepted: Sketches, threshold: float) -> dict[int, list[int]]:
    """Numbers worth verifying per new row, best first; accepted rows come before new ones, which are offset by them."""
    n_accepted, n_all = len(accepted), len(accepted) + len(new)
    least = threshold - _ESTIMATE_SLACK * math.sqrt(threshold * (1 - threshold) / N_PERMUTATIONS)
    found: dict[int, float] = {}
    for later, earlier in _colliding_pairs(new, accepted, threshold):
        estimate = _estimates(new.signatures, accepted.signatures, later, earlier)
        is_close = estimate >= least
        pairs = (later * n_all + earlier)[is_close]
        found.update(zip(pairs.tolist(), estimate[is_close].tolist(), strict=True))
    grouped: dict[int, list[tuple[bool, float, int]]] = defaultdict(list)
    for pair, estimate_of_pair in found.items():
        row, other = divmod(pair, n_all)
        grouped[row].append((other >= n_accepted, -estimate_of_pair, other))
    return {row: [other for _, _, other in sorted(entries)] for row, entries in grouped.items()}


def _colliding_pairs(new: Sketches, accepted: Sketches, threshold: float) -> Iterator[tuple[Rows, Rows]]:
    """Pairs (new row, number of an accepted or earlier new text) that share a band and that digits do not forbid.

    Texts with the same numbers meet under keys that hold the numbers, long texts with others under keys without
    them. A thousand short texts that differ in a number only so never meet, instead of making half a million pairs.
    """
    n_bands, n_rows = bands_and_rows(threshold)
    even = np.uint64(0xFFFFFFFFFFFFFFFE)
    searched, all_accepted = np.flatnonzero(new.has_shingles), np.arange(len(accepted))
    long_searched = searched[~new.is_short[searched]]
    long_accepted = np.flatnonzero(~accepted.is_short)
    for band in range(n_bands):
        columns = slice(band * n_rows, (band + 1) * n_rows)
        old_keys, new_keys = _band_keys(accepted.signatures[:, columns]), _band_keys(new.signatures[:, columns])
        yield from _colliding(old_keys, new_keys, long_accepted, long_searched)
        yield from _colliding(
            old_keys ^ (accepted.numbers & even), new_keys ^ (new.numbers & even), all_accepted, searched
        )


def _band_keys(columns: Signatures) -> Keys:
    """(n,) 64-bit hash of each row; equal rows have equal keys."""
    keys = np.full(len(columns), 0x9E3779B97F4A7C15, np.uint64)
    for column in columns.T:
        keys = (keys ^ column) * np.uint64(0xFF51AFD7ED558CCD)
        keys ^= keys >> np.uint64(32)
    return keys


def _colliding(old_keys: Keys, new_keys: Keys, old_rows: Rows, new_rows: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Pairs with the same key among the rows given, the later of each pair new, in pieces of bounded size."""
    old_rows = old_rows[np.isin(old_keys[old_rows], new_keys[new_rows])]
    numbers = np.concatenate([old_rows, len(old_keys) + new_rows])
    keys = np.concatenate([old_keys[old_rows], new_keys[new_rows]])
    order = np.argsort(keys, kind="stable")
    keys, numbers = keys[order], numbers[order]
    is_start = np.ones(len(keys), bool)
    is_start[1:] = keys[1:] != keys[:-1]
    starts = np.flatnonzero(is_start)
    # Within a key the numbers ascend, so whatever stands between a text and the start of its key comes before it.
    first = np.repeat(starts, np.diff(np.append(starts, len(keys))))
    places = np.flatnonzero((numbers >= len(old_keys)) & (np.arange(len(keys)) > first))
    for piece in np.split(places, _cuts(places - first[places])):
        counts = piece - first[piece]
        later = np.repeat(piece, counts)
        steps = np.arange(len(later)) - np.repeat(np.cumsum(counts) - counts, counts)
        yield numbers[later] - len(old_keys), numbers[first[later] + steps]


def _cuts(n_pairs: Rows) -> Rows:
    """Where to cut so that a piece has about as many pairs as fit; a single text may have more."""
    piece = np.cumsum(n_pairs) // _PAIRS_PER_PIECE
    return np.flatnonzero(piece[1:] != piece[:-1]) + 1


def _estimates(new: Signatures, accepted: Signatures, later: Rows, earlier: Rows) -> NDArray[np.float64]:
    """(n_pairs,) share of equal signature values."""
    n_accepted = len(accepted)
    is_new = earlier >= n_accepted
    other = np.empty((len(earlier), N_PERMUTATIONS), np.uint32)
    other[is_new] = new[earlier[is_new] - n_accepted]
    other[~is_new] = accepted[earlier[~is_new]]
    share: NDArray[np.float64] = (new[later] == other).mean(axis=1, dtype=np.float64)
    return share
