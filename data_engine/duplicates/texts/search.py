"""Near-duplicate search: banded MinHash proposes pairs, exact similarity decides, and only kept texts count.

Of a pair an accepted text stays before any new one, and of new ones the first. A text is compared with kept texts
only, so similarity is not transitive. The twin that is named is the most similar accepted text, else the most similar
kept new one; where more than `CROWD` texts share a band, their first is named without a comparison with the others.
Candidates come from `bands.py`, similarities from `similarity.py`.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from data_engine.compute.spreading import Spread, over_threads
from data_engine.duplicates.texts.bands import BandGroups, band_keys, bands_and_rows, colliding
from data_engine.duplicates.texts.minhash import N_PERMUTATIONS, Signatures, Sketches
from data_engine.duplicates.texts.similarity import ShingleRows
from data_engine.errors import InvalidInput

Numbers = NDArray[np.int64]

#: Where more texts share a band, all are compared with the first of them before they are compared with each other.
CROWD = 64
_TEXTS_PER_BLOCK = 4096
_MAX_BLOCKS = 64
#: Characters compared at once by a thread.
_CHARACTERS_PER_PIECE = 1 << 18
#: Characters of accepted texts that are read at once, because finding them can cost a scan of all accepted texts.
_CHARACTERS_PER_READ = 1 << 26
_PAIRS_PER_PIECE = 1 << 16
# A pair whose estimate lies this many standard errors below the threshold is not verified: 3 in 100,000 true pairs.
_ESTIMATE_SLACK = 4.0


@dataclass(frozen=True)
class Twin:
    """The kept text that a text nearly repeats: exactly one of `accepted_row` and `row` is set."""

    similarity: float
    accepted_row: int | None = None
    row: int | None = None


class TextsOfRows(Protocol):
    """Texts that are read when they are needed."""

    @property
    def n_bytes(self) -> Numbers:
        """(n,) about how large each is."""

    def read(self, places: Sequence[int]) -> Sequence[str]:
        """The texts at these places, in their order."""


@dataclass(frozen=True, eq=False)
class _HeldTexts:
    texts: Sequence[str]

    @property
    def n_bytes(self) -> Numbers:
        return np.array([len(text) for text in self.texts], np.int64)

    def read(self, places: Sequence[int]) -> Sequence[str]:
        return [self.texts[place] for place in places]


def find_twins(
    texts: Sequence[str] | TextsOfRows,
    sketches: Sketches,
    *,
    threshold: float,
    accepted: Sketches,
    accepted_texts: Callable[[Sequence[int]], Sequence[str]],
    spread: Spread = over_threads,
) -> list[Twin | None]:
    """For every text, the kept text that it nearly repeats, or None where it is kept itself.

    Args:
        texts: the new texts, in the order of precedence; or what reads them, so that only candidates are in memory.
        sketches: theirs.
        threshold: similarity in (0, 1] at and above which a text is a near-duplicate.
        accepted: sketches of texts that are never rejected.
        accepted_texts: gives the texts of rows of `accepted`; asked for candidates only, for many at once.
        spread: compares pairs; what follows from the similarities is decided here, pair after pair.

    Returns: one entry per text.

    Raises: InvalidInput when `accepted_texts` gives another number of texts than it is asked for.
    """
    held = _HeldTexts(texts) if isinstance(texts, Sequence) else texts
    search = _Search.over(held, sketches, threshold, accepted, accepted_texts, spread)
    n_accepted, n_all = len(accepted), len(accepted) + len(sketches)
    step = max(_TEXTS_PER_BLOCK, -(-len(sketches) // _MAX_BLOCKS))
    for start in range(n_accepted, n_all, step):
        search.decide(start, min(start + step, n_all))
    return [search.twins.get(number) for number in range(n_accepted, n_all)]


@dataclass(eq=False)
class _Search:
    """The state of a search. Texts are numbered: the accepted ones first, then the new ones in their order."""

    texts: TextsOfRows
    sizes: Numbers
    """About how large each new text is."""
    threshold: float
    n_accepted: int
    signatures: tuple[Signatures, Signatures]
    """Of the accepted and of the new texts."""
    accepted_texts: Callable[[Sequence[int]], Sequence[str]]
    spread: Spread
    groups: BandGroups
    is_rejected: NDArray[np.bool_]
    twins: dict[int, Twin]

    @classmethod
    def over(
        cls,
        texts: TextsOfRows,
        sketches: Sketches,
        threshold: float,
        accepted: Sketches,
        accepted_texts: Callable[[Sequence[int]], Sequence[str]],
        spread: Spread,
    ) -> "_Search":
        n_bands, n_rows = bands_and_rows(threshold)
        old = band_keys(accepted, n_bands, n_rows)
        new = band_keys(sketches, n_bands, n_rows, first_number=len(accepted))
        groups = colliding(old, new)
        is_rejected = np.zeros(len(accepted) + len(sketches), bool)
        signatures = accepted.signatures, sketches.signatures
        n_bytes, n_accepted = texts.n_bytes, len(accepted)
        return cls(
            texts, n_bytes, threshold, n_accepted, signatures, accepted_texts, spread, groups, is_rejected, twins={}
        )

    def decide(self, start: int, stop: int) -> None:
        """Decide about the texts with the numbers start to stop; those before them are decided."""
        groups = self.groups.before(stop, self.is_rejected)
        if (crowds := groups.larger_than(CROWD)) is not None:
            pairs = crowds.pairs_with_first(start, known_kept=groups.without_earlier())
            self._reject(self._verified(*self._close(pairs)))
            groups = groups.before(stop, self.is_rejected)
        self._reject(self._verified(*self._close(groups.pairs(start))))

    def _close(self, pieces: Iterator[tuple[Numbers, Numbers]]) -> tuple[Numbers, Numbers]:
        """Different pairs (later, earlier) whose estimated similarity does not rule them out, sorted."""
        least = self.threshold - _ESTIMATE_SLACK * math.sqrt(self.threshold * (1 - self.threshold) / N_PERMUTATIONS)
        n_all, found = len(self.is_rejected), [np.empty(0, np.int64)]
        for later, earlier in pieces:
            pairs = _distinct(later * n_all + earlier)
            found.append(pairs[self._estimates(pairs // n_all, pairs % n_all) >= least])
        pairs = _distinct(np.concatenate(found))
        return pairs // n_all, pairs % n_all

    def _estimates(self, later: Numbers, earlier: Numbers) -> NDArray[np.float64]:
        """(n_pairs,) share of equal signature values."""
        old, new = self.signatures
        share, is_new = np.empty(len(later)), earlier >= self.n_accepted
        for place in (slice(at, at + _PAIRS_PER_PIECE) for at in range(0, len(later), _PAIRS_PER_PIECE)):
            others = np.empty((len(later[place]), N_PERMUTATIONS), np.uint32)
            others[is_new[place]] = new[earlier[place][is_new[place]] - self.n_accepted]
            others[~is_new[place]] = old[earlier[place][~is_new[place]]]
            share[place] = (new[later[place] - self.n_accepted] == others).mean(axis=1, dtype=np.float64)
        return share

    def _verified(self, later: Numbers, earlier: Numbers) -> tuple[Numbers, Numbers, NDArray[np.float64]]:
        """The pairs that reach the threshold, with their similarity."""
        similarity, pieces = np.empty(len(later)), deque[slice]()

        def read() -> Iterator[tuple[list[str], Numbers]]:
            for piece, texts, places in self._read_pieces(later, earlier):
                pieces.append(piece)
                yield texts, places

        for found in self.spread(partial(_compared, at_least=self.threshold), read()):
            similarity[pieces.popleft()] = found
        is_twin = similarity >= self.threshold
        return later[is_twin], earlier[is_twin], similarity[is_twin]

    def _read_pieces(self, later: Numbers, earlier: Numbers) -> Iterator[tuple[slice, list[str], Numbers]]:
        """Pieces of the pairs: their texts, each once, and the places of the later and the earlier ones among them."""
        for read in _pieces(self._n_characters(later), _CHARACTERS_PER_READ):
            text_of = self._read(np.concatenate([later[read], earlier[read]]))
            for part in _pieces(self._n_characters(later[read]), _CHARACTERS_PER_PIECE):
                piece = slice(read.start + part.start, read.start + part.stop)
                numbers, places = np.unique(np.concatenate([later[piece], earlier[piece]]), return_inverse=True)
                yield piece, [text_of[number] for number in numbers.tolist()], places

    def _n_characters(self, later: Numbers) -> list[int]:
        """About how many characters each pair has, as if an accepted text were as long as its newcomer."""
        found: list[int] = (2 * self.sizes[later - self.n_accepted]).tolist()
        return found

    def _read(self, numbers: Numbers) -> dict[int, str]:
        """The texts of these numbers, each read once."""
        new = np.unique(numbers[numbers >= self.n_accepted])
        texts = self.texts.read((new - self.n_accepted).tolist())
        return {**self._read_accepted(numbers), **dict(zip(new.tolist(), texts, strict=True))}

    def _read_accepted(self, numbers: Numbers) -> dict[int, str]:
        asked = np.unique(numbers[numbers < self.n_accepted]).tolist()
        texts = self.accepted_texts(asked) if asked else []
        if len(texts) != len(asked):
            raise InvalidInput(
                f"text_of gave {len(texts)} texts for {len(asked)} accepted samples; it must give one for each"
            )
        return dict(zip(asked, texts, strict=True))

    def _reject(self, pairs: tuple[Numbers, Numbers, NDArray[np.float64]]) -> None:
        """Reject, in the order of the texts, those with a kept twin."""
        later, earlier, similarity = pairs
        order = np.lexsort((earlier, -similarity, earlier >= self.n_accepted, later))
        columns = (later[order].tolist(), earlier[order].tolist(), similarity[order].tolist())
        for number, other, measured in zip(*columns, strict=True):
            if self.is_rejected[number] or self.is_rejected[other]:
                continue
            self.is_rejected[number] = True
            if other < self.n_accepted:
                self.twins[number] = Twin(measured, accepted_row=other)
            else:
                self.twins[number] = Twin(measured, row=other - self.n_accepted)


def _compared(work: tuple[list[str], Numbers], at_least: float) -> NDArray[np.float64]:
    """Similarity of each pair of some texts: places of the first ones, then of the second ones."""
    texts, places = work
    return ShingleRows.of(texts).similarities(*np.split(places, 2), at_least=at_least)


def _pieces(sizes: Sequence[int], size: int) -> Iterator[slice]:
    """Consecutive slices that are as large as fit, or one larger than that."""
    start = total = 0
    for place, one in enumerate(sizes):
        total += one
        if total >= size:
            yield slice(start, place + 1)
            start, total = place + 1, 0
    if start < len(sizes):
        yield slice(start, len(sizes))


def _distinct(values: Numbers) -> Numbers:
    """The different values, sorted; `np.unique` takes six times as long."""
    ordered = np.sort(values)
    is_first = np.ones(len(ordered), bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return ordered[is_first]
