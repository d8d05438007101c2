"""Lines of a page, and the rules and features that tell its content from menus, banners and footers.

What learns from the features is in `line_classifier.py`. A line is looked at by itself (its words, its punctuation, the
phrases of boilerplate) and by the lines around it, because content stands together. `content_lines` decides by rules
that need no examples; a `LineClassifier` learns from pages whose content is known. Source of the idea: Kohlschuetter et
al. 2010, Boilerplate Detection using Shallow Text Features; the rules after C4 (Raffel et al. 2020).
"""

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from data_engine.filtering.rules.phrases import BOILERPLATE, STOP_WORDS

Features = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: What is measured of a line by itself, in the order of the columns.
OWN_FEATURES = (
    "n_words", "n_chars", "mean_word_length", "letter_share", "digit_share", "upper_share", "stop_word_share",
    "comma_share", "ends_as_sentence", "ends_with_colon", "is_bullet", "is_heading", "is_boilerplate", "has_pipe",
    "has_link", "has_sentence_inside", "is_repeated", "has_quotation", "is_date", "first_is_lower",
)  # fmt: skip
# Headings that stand after an article: what follows is no longer content.
_END = re.compile(
    r"^\W*(?:\d+ )?(?:comments?|leave a (?:reply|comment)|related|more (?:from|on|in|stories|news)|"
    r"most (?:read|popular)|recommended|you (?:may|might) also|trending|popular|latest|read (?:more|next)|"
    r"about the author|share|tags?|filed under|sponsored|advertisement|subscribe|newsletter|follow)\b.{0,60}$",
    re.IGNORECASE,
)
_LINK = re.compile(r"https?://|www\.|\]\(|@")
_SENTENCE = re.compile(r"[.!?][\"'\u201d\u2019)]?\s+[A-Z\u201c\"\u2018]")
_DATE = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}:\d\d\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b")
_FUNCTION_WORDS = STOP_WORDS | frozenset(
    re.findall(
        r"\S+",
        "a in is was for it on as with he she they we you i at by this from or are were had has his her their not but "
        "which who will would can could said its it's an been after more than when about",
    )
)
_TERMINAL = (".", "!", "?", '."', '."', ".\u201d", "?\u201d", "!\u201d", ",\u201d", ".)", ".'", ".\u2019", "\u3002")
_BULLET = re.compile(r"^\s*(?:[*+\u2022\u00b7-]|\d{1,2}\.)(?:\s|$)")
_HEADING = re.compile(r"^\s*#{1,6}\s")
_OWN_LINE = re.compile(r"\s+(?:[*+-]|\d{1,2}\.)\s|\s*(?:#{1,6}\s|[>|])")
_GAP = 2
_MARKS = "*_#>`| \t"


def lines_of(text: str) -> list[str]:
    """The lines of a page's text: wrapped lines of a paragraph are one, bullets and headings stand alone."""
    rows = text.split("\n")
    return [" ".join(rows[row].strip() for row in group) for group in _grouped(rows)]


def marked_lines(text: str, content: Collection[int]) -> tuple[list[str], list[bool]]:
    """The lines of a page as `lines_of` gives them, and which of them are content.

    Args:
        text: the page.
        content: numbers of the lines of the text that are content, counted from 1 at every line end; a wrapped line is
            content when a part of it is.
    """
    groups = _grouped(text.split("\n"))
    return lines_of(text), [any(row + 1 in content for row in group) for group in groups]


def _grouped(rows: Sequence[str]) -> list[list[int]]:
    """The places of the rows that make each line."""
    found: list[list[int]] = []
    is_open = False
    for place, row in enumerate(rows):
        is_filled = bool(row.strip())
        if is_filled and is_open and _OWN_LINE.match(row) is None:
            found[-1].append(place)
        elif is_filled:
            found.append([place])
        is_open = is_filled
    return found


def content_lines(lines: Sequence[str]) -> Mask:
    """Which lines of one page are content, by rules alone.

    A line stays when it has five words or more, ends as a sentence does and has no phrase of boilerplate; and so do up
    to two other lines without such a phrase between two that stay, such as a heading.

    Returns: (n_lines,) bool.
    """
    own = _own_features(lines)
    is_boilerplate = own[:, OWN_FEATURES.index("is_boilerplate")] > 0
    is_sentence = (own[:, 0] >= np.log1p(5)) & (own[:, OWN_FEATURES.index("ends_as_sentence")] > 0)
    kept: Mask = is_sentence & ~is_boilerplate
    places = np.flatnonzero(kept)
    for start, end in pairwise(places):
        if end - start <= _GAP + 1:
            kept[start:end] |= ~is_boilerplate[start:end]
    return kept


def line_features(lines: Sequence[str]) -> Features:
    """What is measured of the lines of one page.

    Returns: (n_lines, n_features) float64: the line's own values, its neighbours', the means of the 3 and the 12
        lines before and after it, and where in the page it stands.
    """
    own = _own_features(lines)
    return np.hstack([own, *means_around(own, (1, 3, 12)), _places(lines, own)])


def means_around(values: Features, reaches: Sequence[int]) -> list[Features]:
    """For each reach, the means of so many rows before each row, and of so many after it; zeros pad the page."""
    found = []
    for reach in reaches:
        found += [_means_before(values, reach), _means_before(values[::-1], reach)[::-1]]
    return found


def _means_before(own: Features, reach: int) -> Features:
    """(n_lines, n_features) means of up to `reach` lines before each line; the page is padded with zeros."""
    sums = np.vstack([np.zeros((1, own.shape[1])), np.cumsum(own, axis=0)])
    ends = np.arange(len(own))
    means: Features = (sums[ends] - sums[np.maximum(ends - reach, 0)]) / reach
    return means


def _places(lines: Sequence[str], own: Features) -> Features:
    """(n_lines, n_places): where each line stands in its page, and in the running text of it."""
    n = len(lines)
    text = np.expm1(own[:, 0]) * own[:, OWN_FEATURES.index("ends_as_sentence")]
    cumulated = np.cumsum(text) / max(text.sum(), 1e-9)
    is_title = np.array([line.lstrip().startswith("# ") for line in lines], bool)
    is_end = np.array([_END.search(line) is not None for line in lines], bool)
    columns = (
        np.arange(n) / max(n, 1),
        np.full(n, np.log1p(n)),
        np.full(n, own[:, 0].mean() if n else 0.0),
        cumulated,
        np.minimum(cumulated, 1 - cumulated),
        np.cumsum(is_title) > 0,
        np.log1p(_since(is_title)),
        np.cumsum(is_end) > 0,
        np.minimum(np.cumsum(is_end), 5),
        np.log1p(_since(is_end)),
        np.log1p(_since(is_end[::-1])[::-1]),
    )
    return np.column_stack(columns).reshape(n, len(columns)).astype(np.float64)


def _since(is_mark: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(n_lines,) lines since the last mark, the length of the page where there was none."""
    places = np.arange(len(is_mark))
    last = np.maximum.accumulate(np.where(is_mark, places, -len(is_mark))) if len(is_mark) else places
    return np.minimum(places - last, len(is_mark))


def _own_features(lines: Sequence[str]) -> Features:
    seen: dict[str, int] = {}
    for line in lines:
        seen[line] = seen.get(line, 0) + 1
    rows = [_measure_line(line, seen[line] > 1) for line in lines]
    return np.array(rows, np.float64).reshape(len(lines), len(OWN_FEATURES))


def _measure_line(line: str, is_repeated: bool) -> tuple[float, ...]:
    body = line.strip(_MARKS)
    words = body.split()
    n_words, n_chars = len(words), len(body)
    lower = body.lower()
    lowered = lower.split()
    per_char, per_word = 1 / max(n_chars, 1), 1 / max(n_words, 1)
    return (
        np.log1p(n_words),
        np.log1p(n_chars),
        n_chars * per_word,
        sum(map(str.isalpha, body)) * per_char,
        sum(map(str.isdigit, body)) * per_char,
        sum(word[:1].isupper() for word in words) * per_word,
        sum(word in _FUNCTION_WORDS for word in lowered) * per_word,
        body.count(",") * per_word,
        body.endswith(_TERMINAL),
        body.endswith(":"),
        _BULLET.match(line) is not None,
        _HEADING.match(line) is not None,
        BOILERPLATE.search(lower) is not None,
        "|" in line,
        _LINK.search(body) is not None,
        _SENTENCE.search(body) is not None,
        is_repeated,
        any(mark in body for mark in '"\u201c\u201d'),
        _DATE.search(lower) is not None,
        body[:1].islower(),
    )
