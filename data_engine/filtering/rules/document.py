"""A text as the rules look at it: cut once into words, lines and paragraphs that all rules share.

The scores of a text are in `text_scores.py`.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from types import MappingProxyType

from data_engine.filtering.rules import languages
from data_engine.filtering.rules.looking import Looking

_PARAGRAPH_BREAK = re.compile(r"\n\s*\n")
# A run of marks is tried from its beginning only, and given up at once: a long one before a letter ends nothing.
_SENTENCE_END = re.compile(
    r"(?<![.!?\u2026\u3002\uff01\uff1f])[.!?\u2026\u3002\uff01\uff1f]++[\"')\]\u201d\u2019\u00bb]*+(?=\s|$)"
    r"|[\u3002\uff01\uff1f](?=\S)"
)


class Document:
    """A text and what it is made of; every part is computed when a rule first asks for it, and never again."""

    def __init__(self, text: str, learned: Mapping[str, Callable[[str], float | None]] = MappingProxyType({})) -> None:
        """Nothing is computed yet.

        Args:
            text: the text; white space around it does not count.
            learned: scores of texts by filters that learn from examples, by the name of their rule.
        """
        self.text = text.strip()
        self._learned = learned

    @cached_property
    def words(self) -> list[str]:
        """White-space separated words, as they are written."""
        return self.text.split()

    @cached_property
    def n_solid(self) -> int:
        """Characters that are not white space."""
        return sum(map(len, self.words))

    @cached_property
    def n_letters(self) -> int:
        """Letters of any script."""
        return sum(map(str.isalpha, self.text))

    @cached_property
    def lower_text(self) -> str:
        """The text in lower case."""
        return self.text.lower()

    @cached_property
    def lines(self) -> list[str]:
        """Lines that hold something, without the white space around them."""
        if "\n" not in self.text:
            return [self.text] if self.text else []
        return [line for line in map(str.strip, self.text.split("\n")) if line]

    @cached_property
    def paragraphs(self) -> list[str]:
        """Parts between empty lines."""
        if "\n" not in self.text:
            return [self.text] if self.text else []
        return [part for part in map(str.strip, _PARAGRAPH_BREAK.split(self.text)) if part]

    @cached_property
    def n_sentences(self) -> int:
        """Ends of sentences, and one more where the text does not stop at one."""
        if not self.text:
            return 0
        last_end = n_ends = 0
        for match in _SENTENCE_END.finditer(self.text):
            n_ends, last_end = n_ends + 1, match.end()
        return n_ends + (last_end < len(self.text))

    @cached_property
    def languages(self) -> dict[str, float]:
        """The most probable languages by code, the most probable first."""
        return languages.probabilities_of(self.text)

    @property
    def language(self) -> str | None:
        """The most probable language, where a rule has asked for the languages; it is not worked out for this."""
        return next(iter(self.__dict__.get("languages", {})), None)

    def learned_score(self, rule: str) -> float | None:
        """The score of a filter that learns from examples; None where nothing was learnt for the rule."""
        score = self._learned.get(rule)
        return None if score is None else score(self.text)

    @cached_property
    def repeated_words(self) -> frozenset[str]:
        """Words that occur more than once: without them nothing longer repeats."""
        words = self.words
        if len(set(words)) == len(words):
            return frozenset()
        return frozenset(word for word, count in Counter(words).items() if count > 1)

    @cached_property
    def repeated_starts(self) -> dict[int, list[int]]:
        """Places of the n-grams (n from 2 to 10) that repeat an earlier n-gram or are repeated by a later one.

        A repeated n-gram begins with a repeated (n-1)-gram, so each length looks only where the one before has found.
        """
        words, repeated = self.words, self.repeated_words
        places: Sequence[int] = [place for place, word in enumerate(words) if word in repeated] if repeated else []
        found: dict[int, list[int]] = {}
        for n in range(2, 11):
            groups: dict[tuple[str, ...], list[int]] = {}
            for place in places:
                if place + n <= len(words):
                    groups.setdefault(tuple(words[place : place + n]), []).append(place)
            found[n] = sorted(place for group in groups.values() if len(group) > 1 for place in group)
            places = found[n]
        return found


def duplicate_share(parts: Sequence[str]) -> float | None:
    """Share of the parts that repeat an earlier part; None without parts."""
    return (len(parts) - len(set(parts))) / len(parts) if parts else None


def duplicate_chars_share(parts: Sequence[str]) -> float | None:
    """Share of the characters of all parts that are in parts that repeat an earlier part; None without parts."""
    n_all = sum(map(len, parts))
    if not n_all:
        return None
    return 1 - sum(map(len, set(parts))) / n_all


def top_ngram_share(document: Document, n: int) -> float | None:
    """Share of the solid characters that are in the occurrences of the n-gram that covers most of them.

    Overlapping occurrences count their common words once. 0 where no n-gram occurs twice; None for fewer than n words.
    """
    words, starts = document.words, document.repeated_starts[n] if len(document.words) >= n else None
    if starts is None:
        return None
    groups: dict[tuple[str, ...], list[int]] = {}
    for place in starts:
        groups.setdefault(tuple(words[place : place + n]), []).append(place)
    return max((_covered_chars(words, group, n) for group in groups.values()), default=0) / document.n_solid


def duplicate_ngram_share(document: Document, n: int) -> float | None:
    """Share of the solid characters that are in n-grams which occur more than once, each character counted once.

    None for fewer than n words.
    """
    if len(document.words) < n:
        return None
    return _covered_chars(document.words, document.repeated_starts[n], n) / document.n_solid


def _covered_chars(words: Sequence[str], starts: Iterable[int], n: int) -> int:
    """Characters of the words that runs of n words from ascending starts cover."""
    n_chars, end = 0, 0
    for start in starts:
        n_chars += sum(len(words[place]) for place in range(max(start, end), start + n))
        end = start + n
    return n_chars


def documents(looking: Looking) -> Iterator[Document | None]:
    """The texts of a raw index as the rules look at them; None for an unreadable sample."""
    return (None if text is None else Document(text, looking.learned) for text in looking.raw["text"].to_pylist())
