"""Exact similarities of many pairs of texts at once; `shingles.similarity` defines the similarity of two.

The kernel computes them where it is loaded, sparse rows of scipy elsewhere. Shingles are compared by at least 63 bits
of their hash, so two of a pair of texts do not collide by chance.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.duplicates.texts.shingles import RUN_LENGTH
from data_engine.duplicates.texts.tokens import Hashes, Places, Words, mixed
from data_engine.kernels import loading

_SHINGLES_PER_PIECE = 1 << 21
_SPACE = ord(" ")


@dataclass(frozen=True, eq=False)
class ShingleRows:
    """The shingles of n texts, as sparse rows."""

    words: Words

    @classmethod
    def of(cls, texts: Sequence[str]) -> "ShingleRows":
        """The shingles of these texts; none for a text without words."""
        return cls(Words.of(texts))

    def similarities(self, first: Places, second: Places, *, at_least: float) -> NDArray[np.float64]:
        """(n_pairs,) similarity of texts first[i] and second[i] in [0, 1]; a value below `at_least` may be too high."""
        numbers, is_short = self.words.numbers >> np.uint64(1), (self.words.numbers & np.uint64(1)).astype(bool)
        values = np.zeros(len(first))
        # Digits carry the meaning of a short text.
        is_open = (numbers[first] == numbers[second]) | ~(is_short[first] | is_short[second])
        values[is_open] = self.by_words(first[is_open], second[is_open])
        rest = np.flatnonzero((values >= at_least) & (values > 0))
        # Most texts are ruled out by now, and there are three times as many characters as words.
        texts, places = np.unique(np.concatenate([first[rest], second[rest]]), return_inverse=True)
        one, other = np.split(places, 2)
        values[rest] = np.minimum(values[rest], _jaccards(*self.runs_of(texts), one, other))
        return values

    def by_words(self, first: Places, second: Places) -> NDArray[np.float64]:
        """(n_pairs,) Jaccard similarity of the words and pairs of words of texts first[i] and second[i]."""
        return _jaccards(self.words.shingles(), 2 * self.words.offsets, first, second)

    def runs_of(self, texts: Places) -> tuple[Hashes, Places]:
        """Runs of four characters of the words joined by single spaces, and where those of each text begin and end."""
        codes, ends = _joined(self.words.of_texts(texts))
        runs = _run_hashes(codes)
        is_run = np.ones(len(codes), bool)
        for place in range(1, RUN_LENGTH):
            is_run[ends[np.diff(ends, prepend=0) > 0] - place] = False
        # A text has no runs, or three less than characters.
        lengths = np.diff(ends, prepend=0)
        offsets = np.append(0, np.cumsum(np.maximum(lengths - RUN_LENGTH + 1, 0)))
        return runs[is_run[: len(runs)]], offsets


def _rows_of(hashes: Hashes, offsets: Places) -> Any:
    from scipy.sparse import csr_array

    columns = (hashes >> np.uint64(1)).astype(np.int64)
    shape = len(offsets) - 1, np.iinfo(np.int64).max
    rows = csr_array((np.ones(len(columns), bool), columns, offsets.astype(np.int64)), shape=shape)
    rows.sum_duplicates()
    return rows


def _jaccards(hashes: Hashes, offsets: Places, first: Places, second: Places) -> NDArray[np.float64]:
    """(n_pairs,) size of the intersection over the size of the union; 0 when both are empty."""
    # The sketches of the same texts have decided already whether the kernel is loaded.
    if loading.use_compiled_text_kernels(0):
        from data_engine.kernels.minhash import jaccards

        return jaccards(hashes, offsets, first, second)
    return sparse_jaccards(hashes, offsets, first, second)


def sparse_jaccards(hashes: Hashes, offsets: Places, first: Places, second: Places) -> NDArray[np.float64]:
    """The same without the kernel: each text is a sparse row with a column for every shingle."""
    rows = _rows_of(hashes, offsets)
    sizes = np.diff(rows.indptr)
    values = np.zeros(len(first))
    for piece in _pieces(sizes[first] + sizes[second]):
        one, other = first[piece], second[piece]
        common = np.diff(rows[one].multiply(rows[other]).tocsr().indptr)
        union = sizes[one] + sizes[other] - common
        np.divide(common, union, out=values[piece], where=union > 0)
    return values


def _pieces(sizes: Places) -> Iterator[slice]:
    """Consecutive pairs with about as many shingles as fit; a single pair may have more."""
    number = np.cumsum(sizes) // _SHINGLES_PER_PIECE
    cuts = np.flatnonzero(number[1:] != number[:-1]) + 1
    bounds = [0, *cuts.tolist(), len(sizes)]
    return (slice(start, stop) for start, stop in pairwise(bounds))


def _joined(words: Words) -> tuple[Hashes, Places]:
    """All texts as words between single spaces, each of four characters or none, and where each ends."""
    lengths = words.stops - words.starts
    n_words = np.diff(words.offsets)
    before = np.append(0, np.cumsum(lengths + 1))
    sizes = before[words.offsets[1:]] - before[words.offsets[:-1]] + (n_words > 0)
    sizes[n_words > 0] = np.maximum(sizes[n_words > 0], RUN_LENGTH)
    ends = np.cumsum(sizes)
    codes = np.full(int(ends[-1]) if len(ends) else 0, _SPACE, np.uint64)
    # A text begins with a space, and after each of its words there is another one.
    shift = ends - sizes + 1 - before[words.offsets[:-1]]
    targets = before[:-1] + np.repeat(shift, n_words)
    letters = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    codes[np.repeat(targets, lengths) + letters] = words.codes[np.repeat(words.starts, lengths) + letters]
    return codes, ends


def _run_hashes(codes: Hashes) -> Hashes:
    """(n - 3,) hash of the four characters from each place on."""
    n_runs = max(0, len(codes) - RUN_LENGTH + 1)
    runs = mixed(codes[RUN_LENGTH - 1 :])[:n_runs]
    # Three characters of 21 bits side by side; the fourth is spread over all bits.
    for place in range(RUN_LENGTH - 1):
        runs = runs + (codes[place : place + n_runs] << np.uint64(21 * place))
    return mixed(runs)
