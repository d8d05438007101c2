"""A small language model of characters: the perplexity of a text to a reader of good texts only.

The rule that asks for it is in `rules/text_rules.py`. Source: Wenzek et al. 2020 (CCNet) for perplexity under a model
of good text as a measure of quality; Witten & Bell 1991 for the smoothing. CCNet's model is of words and comes with a
file; this one is of runs of five characters and is learnt from the corpus' own examples in about a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xxhash
from numpy.typing import NDArray

from data_engine.duplicates.texts.tokens import Hashes, mixed
from data_engine.errors import NotEnoughData

CharacterCodes = NDArray[np.uint64]

ORDER = 4
_MAX_CHARS = 5000
_MAX_TRAINING_CHARS = 2_000_000
_LEAST_TRAINING_CHARS = 100


@dataclass(frozen=True, eq=False)
class _Order:
    """What follows contexts of one length, and how often."""

    grams: Hashes
    """(n_grams,) contexts with the character after them, ascending."""
    counts: NDArray[np.int64]
    """(n_grams,) how often each occurs."""
    contexts: Hashes
    """(n_contexts,) ascending."""
    totals: NDArray[np.int64]
    """(n_contexts,) characters that follow each."""
    n_kinds: NDArray[np.int64]
    """(n_contexts,) different ones among them."""


@dataclass(frozen=True, eq=False)
class CharacterModel:
    """Probability of a character after those before it, from the longest context that the examples have."""

    orders: tuple[_Order, ...]
    """Contexts of no character, of one, and so on."""
    n_characters: int
    """Different characters of the examples."""

    @cached_property
    def version(self) -> str:
        """`characters-` and 16 hex digits that change with any count."""
        digest = xxhash.xxh3_64(str(self.n_characters).encode())
        for order in self.orders:
            digest.update(order.grams.tobytes() + order.counts.tobytes())
        return f"characters-{digest.hexdigest()}"

    def perplexity(self, text: str) -> float | None:
        """Perplexity per character; at least 1, lower is more usual.

        The geometric mean of 1 / probability over the characters of the text, the first 5,000 of it; digits count as
        one another, and so does all white space. None for a text without characters.
        """
        codes = _codes(text)
        if not len(codes):
            return None
        probability = np.full(len(codes), 1 / (self.n_characters + 1))
        for length, order in enumerate(self.orders):
            contexts, grams = _hashes(codes, length)
            total, n_kinds = (
                _found(order.contexts, contexts, order.totals),
                _found(order.contexts, contexts, order.n_kinds),
            )
            count = _found(order.grams, grams, order.counts)
            # A context that the examples lack leaves the probability after the shorter one.
            known = np.flatnonzero(total)
            mixture = count[known] + n_kinds[known] * probability[known]
            probability[known] = mixture / (total[known] + n_kinds[known])
        return float(np.exp(-np.log(probability).mean()))


def fit_character_model(texts: Sequence[str], *, order: int = ORDER) -> CharacterModel:
    """Learn from good texts; of each the first 5,000 characters, of all the first 2,000,000.

    Args:
        texts: examples of good text.
        order: characters of the longest context.

    Raises: NotEnoughData for fewer than 100 characters.
    """
    parts, n_read = [], 0
    for text in texts:
        if n_read >= _MAX_TRAINING_CHARS:
            break
        parts.append(_codes(text))
        n_read += len(parts[-1])
    if n_read < _LEAST_TRAINING_CHARS:
        raise NotEnoughData(
            f"the examples of good text hold {n_read} characters; a model of characters needs at least "
            f"{_LEAST_TRAINING_CHARS}: give more good examples in first_pass.junk, or switch the rule perplexity off"
        )
    counted = tuple(_counted([_hashes(codes, length) for codes in parts if len(codes)]) for length in range(order + 1))
    return CharacterModel(counted, len(np.unique(np.concatenate(parts))))


def _counted(hashes: Sequence[tuple[Hashes, Hashes]]) -> _Order:
    contexts, grams = (np.concatenate(side) for side in zip(*hashes, strict=True))
    kinds, first, counts = np.unique(grams, return_index=True, return_counts=True)
    known, place = np.unique(contexts[first], return_inverse=True)
    totals = np.bincount(place, weights=counts).astype(np.int64)
    return _Order(kinds, counts, known, totals, np.bincount(place))


def _codes(text: str) -> CharacterCodes:
    """The characters of a text as numbers, white space and digits made alike."""
    squeezed = " ".join(text[:_MAX_CHARS].split()).translate(_DIGITS)
    return np.frombuffer(squeezed.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)


_DIGITS = str.maketrans("123456789", "000000000")


def _hashes(codes: CharacterCodes, length: int) -> tuple[Hashes, Hashes]:
    """(n,) hashes of the `length` characters before each place, and of those with the one there; 0 before a text."""
    contexts = np.full(len(codes), np.uint64(length + 1))
    for back in range(length, 0, -1):
        before = np.zeros(len(codes), np.uint64)
        before[back:] = codes[: max(0, len(codes) - back)]
        contexts = mixed(contexts * np.uint64(3) + before)
    return contexts, mixed(contexts * np.uint64(3) + codes + np.uint64(1))


def _found(ascending: Hashes, wanted: Hashes, values: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) the value of each wanted hash; 0 where it is not there."""
    place = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    return np.where(ascending[place] == wanted, values[place], 0)
