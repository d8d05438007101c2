"""Definition of a near-duplicate text: shingles and similarity of two texts, in plain Python.

`tokens.py` and `similarity.py` compute the same for thousands of texts at once.

A text becomes two sets. Word shingles are its words and its pairs of neighbouring words, whatever their case and the
punctuation between them; character shingles are all runs of four characters of the words joined by single spaces.
The similarity of two texts is the *smaller* of the two sets' Jaccard similarities. Both are needed: in a set of
characters the word `NL` instead of `DE` hardly counts in a short text, and pairs of words alone would not see a
rewritten word as close. At similarity 0.8 one word in fourteen may be another one, one may be put into nine, and
one added at the end of five.

Digits carry the meaning of a short text (a version, a year, a number of an article), so a text of fewer than fifty
words is never a near-duplicate of one with other digits or the same digits in another order. In longer texts numbers
are words among others: a page with another date is the same page.
"""

import re
from dataclasses import dataclass
from itertools import pairwise

SHORT_TEXT_WORDS = 50
#: Length of a character shingle.
RUN_LENGTH = 4

#: Scripts written without spaces: every character is a word.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
#: Everything else belongs to a word.
SEPARATORS = r"\s\x00-\"$-*,\-./:;<=>?@\[\\\]^_`{|}~\u2000-\u206f\u3000-\u303f"
#: They go on a word and do not start one: C is not C++, GPL-2.0 is not GPL-2.0+, `# text` is a comment.
NOT_FIRST = "+#"
_WORD = re.compile(f"[{UNSPACED}]|[^{SEPARATORS}{UNSPACED}{NOT_FIRST}][^{SEPARATORS}{UNSPACED}]*")
_NUMBER = re.compile(r"\d+")


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, without the punctuation between them."""
    return _WORD.findall(text.casefold())


def numbers_of(text: str) -> tuple[str, ...]:
    """The runs of digits in a text, in its order."""
    return tuple(_NUMBER.findall(text))


@dataclass(frozen=True)
class Shingles:
    """A text as the sets that it is compared by."""

    words: frozenset[str]
    """Words and pairs of neighbouring words, each after a `=` that no character shingle holds."""
    characters: frozenset[str]
    numbers: tuple[str, ...]
    """The runs of digits in the order of the text."""
    is_short: bool

    @classmethod
    def of(cls, text: str) -> "Shingles":
        """The shingles of a text; empty sets for a text without words."""
        words = words_of(text)
        if not words:
            return cls(frozenset(), frozenset(), (), True)
        joined = f" {' '.join(words)} "
        pairs = pairwise(words)
        return cls(
            words=frozenset([f"={word}" for word in words] + [f"={first} {second}" for first, second in pairs]),
            characters=frozenset(joined[i : i + RUN_LENGTH] for i in range(max(1, len(joined) - RUN_LENGTH + 1))),
            numbers=numbers_of(joined),
            is_short=len(words) < SHORT_TEXT_WORDS,
        )

    def __len__(self) -> int:
        """Number of shingles."""
        return len(self.words) + len(self.characters)


def jaccard(first: frozenset[str], second: frozenset[str]) -> float:
    """Size of the intersection over the size of the union; 0 when both are empty."""
    n_common = len(first & second)
    n_all = len(first) + len(second) - n_common
    return n_common / n_all if n_all else 0.0


def similarity(first: Shingles, second: Shingles) -> float:
    """Similarity in [0, 1] as the module describes it; 0 where the numbers of a short text differ."""
    if (first.is_short or second.is_short) and first.numbers != second.numbers:
        return 0.0
    by_words = jaccard(first.words, second.words)
    return by_words and min(by_words, jaccard(first.characters, second.characters))
