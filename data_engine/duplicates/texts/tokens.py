"""Words of many texts at once: spans of one array of characters, found and hashed without a loop over texts.

The same words and numbers as `shingles.words_of` and `shingles.numbers_of` find in one text, by a few passes of NumPy,
which leave the interpreter's lock free for another thread. The rules of what a word is are in `shingles.py`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from data_engine.duplicates.texts.shingles import NOT_FIRST, SEPARATORS, SHORT_TEXT_WORDS, UNSPACED

Hashes = NDArray[np.uint64]
Places = NDArray[np.int64]

_BODY, _FIRST, _ALONE, _DIGIT = 1, 2, 4, 8
_N_CODES = 0x110000
_N_ASCII = 128
# Odd, so that it has an inverse modulo 2**64.
_RADIX = 0x9E3779B97F4A7C15
_INVERSE_RADIX = pow(_RADIX, -1, 1 << 64)


@dataclass(frozen=True, eq=False)
class Words:
    """The words of n texts, case and the punctuation between them left out."""

    codes: NDArray[np.uint8] | NDArray[np.uint32]
    """(n_characters,) characters of all folded texts, with a line break around each."""
    starts: Places
    """(n_words,) where each word starts in `codes`, ascending."""
    stops: Places
    """(n_words,) where it ends."""
    offsets: Places
    """(n + 1,) words before each text."""
    hashes: Hashes
    """(n_words,) equal for equal words, anywhere."""
    numbers: Hashes
    """(n,) hash of the runs of digits in their order, 0 without digits; its lowest bit is set for short texts."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Words":
        """Find and hash the words of the texts; fastest when all of them are ASCII or none is."""
        folded = [text.casefold() for text in texts]
        joined = "\n".join(("", *folded, ""))
        codes: NDArray[np.uint8] | NDArray[np.uint32]
        if joined.isascii():
            codes = np.frombuffer(joined.encode("ascii"), np.uint8)
        else:
            codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4")
        kinds = np.take(_kinds_of_ascii() if codes.dtype == np.uint8 else _kinds(), codes)
        starts, stops = _word_spans(kinds)
        begins = np.cumsum([1, *(len(text) + 1 for text in folded)])
        offsets = np.searchsorted(starts, begins)
        sums = _running_sums(codes)
        numbers = _numbers(kinds, sums, begins) & np.uint64(0xFFFFFFFFFFFFFFFE)
        numbers |= np.diff(offsets) < SHORT_TEXT_WORDS
        return cls(codes, starts, stops, offsets, mixed(_span_hashes(sums, starts, stops) + np.uint64(1)), numbers)

    def __len__(self) -> int:
        """Number of texts."""
        return len(self.numbers)

    def of_texts(self, texts: Places) -> "Words":
        """The words of some of the texts, over the same characters."""
        counts = np.diff(self.offsets)[texts]
        offsets = np.append(0, np.cumsum(counts))
        chosen = np.arange(offsets[-1]) + np.repeat(self.offsets[texts] - offsets[:-1], counts)
        spans = self.starts[chosen], self.stops[chosen]
        return Words(self.codes, *spans, offsets, self.hashes[chosen], self.numbers[texts])

    def shingles(self) -> Hashes:
        """(2 * n_words,) hashes of every word and, after it, of the pair it begins; of a last word the word again."""
        hashes = np.repeat(self.hashes, 2)
        has_next = np.ones(len(self.hashes), bool)
        has_next[self.offsets[1:][np.diff(self.offsets) > 0] - 1] = False
        firsts = np.flatnonzero(has_next)
        hashes[2 * firsts + 1] = mixed(self.hashes[firsts] * np.uint64(3) + self.hashes[firsts + 1])
        return hashes


def mixed(values: Hashes) -> Hashes:
    """Values with their bits spread (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


@cache
def _kinds_of_ascii() -> NDArray[np.uint8]:
    return _kinds_below(_N_ASCII)


@cache
def _kinds() -> NDArray[np.uint8]:
    return _kinds_below(_N_CODES)


def _kinds_below(n_codes: int) -> NDArray[np.uint8]:
    """Kind of each character as bits: part of a word, able to start one, a word by itself, a digit."""
    characters = "".join(map(chr, range(n_codes)))
    kinds = np.zeros(n_codes, np.uint8)
    rules = {
        f"[^{SEPARATORS}{UNSPACED}]": _BODY,
        f"[^{SEPARATORS}{UNSPACED}{NOT_FIRST}]": _FIRST,
        f"[{UNSPACED}]": _ALONE,
        r"\d": _DIGIT,
    }
    for pattern, kind in rules.items():
        for run in re.finditer(f"{pattern}+", characters):
            kinds[run.start() : run.end()] |= kind
    return kinds


def _word_spans(kinds: NDArray[np.uint8]) -> tuple[Places, Places]:
    """Starts and stops of the words; the first and the last character are separators."""
    is_body = kinds & _BODY
    edges = np.flatnonzero(is_body[1:] != is_body[:-1]) + 1
    starts, stops = edges[::2], edges[1::2]
    late = np.flatnonzero((kinds[starts] & _FIRST) == 0)
    if len(late):
        able = np.append(np.flatnonzero(kinds & _FIRST), len(kinds))
        starts[late] = able[np.searchsorted(able, starts[late])]
        is_word = starts < stops
        starts, stops = starts[is_word], stops[is_word]
    alone = np.flatnonzero(kinds & _ALONE)
    if len(alone):
        starts, stops = np.concatenate([starts, alone]), np.concatenate([stops, alone + 1])
        order = np.argsort(starts, kind="stable")
        starts, stops = starts[order], stops[order]
    return starts, stops


def _numbers(kinds: NDArray[np.uint8], sums: Hashes, begins: Places) -> Hashes:
    """(n,) hash of the runs of digits of each text, in their order."""
    is_digit = (kinds & _DIGIT) != 0
    if not is_digit.any():
        return np.zeros(len(begins) - 1, np.uint64)
    stands_alone = (kinds & _ALONE) != 0
    goes_on = is_digit[1:] & is_digit[:-1] & ~stands_alone[1:] & ~stands_alone[:-1]
    starts = np.flatnonzero(is_digit[1:] & ~goes_on) + 1
    stops = np.flatnonzero(is_digit[:-1] & ~goes_on) + 1
    first = np.searchsorted(starts, begins)
    rank = np.arange(len(starts)) - np.repeat(first[:-1], np.diff(first))
    runs = mixed(mixed(_span_hashes(sums, starts, stops)) + rank.astype(np.uint64))
    totals = np.append(np.uint64(0), np.cumsum(runs, dtype=np.uint64))
    return totals[first[1:]] - totals[first[:-1]]


def _running_sums(codes: NDArray[np.uint8] | NDArray[np.uint32]) -> Hashes:
    """(n_characters + 1,) sums of hash of character times power of its place, modulo 2**64."""
    powers = _powers(_RADIX, _size_above(len(codes)))[: len(codes)]
    hashes = np.take(_ascii_hashes(), codes) if codes.dtype == np.uint8 else mixed(codes.astype(np.uint64))
    sums = np.empty(len(codes) + 1, np.uint64)
    sums[0] = 0
    np.cumsum(hashes * powers, out=sums[1:])
    return sums


def _span_hashes(sums: Hashes, starts: Places, stops: Places) -> Hashes:
    """(n_spans,) polynomial hashes of spans of characters; equal spans have equal hashes anywhere."""
    spans: Hashes = (sums[stops] - sums[starts]) * _powers(_INVERSE_RADIX, _size_above(len(sums)))[starts]
    return spans


def _size_above(n: int) -> int:
    """A power of two, so that pieces of about the same size share their powers."""
    return 1 << max(16, n.bit_length())


@cache
def _powers(radix: int, n: int) -> Hashes:
    powers: Hashes = np.cumprod(np.full(n, radix, np.uint64), dtype=np.uint64)
    powers.setflags(write=False)
    return powers


@cache
def _ascii_hashes() -> Hashes:
    return mixed(np.arange(_N_ASCII, dtype=np.uint64))
