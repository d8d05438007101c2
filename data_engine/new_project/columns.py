"""Guesses which column of some rows is the text, which the label and which the id, from names and values.

Where the rows come from is in `data_look.py`.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from data_engine.modalities import find_modality

#: Names that say what a column is, the surest first.
TEXT_NAMES = ("text", "content", "body", "document", "sentence", "message", "passage", "review", "comment", "question")
LABEL_NAMES = ("label", "class", "category", "topic", "target", "intent", "sentiment", "genre", "y", "tag")
ID_NAMES = ("id", "uid", "uuid", "key", "guid")
IMAGE_ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".jp2", ".avif")
SOUND_ENDINGS = tuple(f".{ending}" for ending in find_modality("audio").endings)
#: A label has at most so many values, and each stands for at least so many rows on average.
_MOST_CLASSES, _LEAST_ROWS_OF_A_CLASS = 60, 3


@dataclass(frozen=True)
class Column:
    """A column of the rows that were looked at.

    Attributes:
        kind: text, number, true/false, list, bytes or empty.
        n_filled: Rows with a value.
        values: How often each value stands there, as text; empty for bytes.
        mean_words: White-space separated words of a value, on average.
        mean_chars: Characters of a value, on average.
        holds_images: Whether the values are bytes, or names of image files.
        holds_sounds: Whether the values are names of sound files.
    """

    name: str
    kind: str
    n_filled: int
    values: Mapping[str, int]
    mean_words: float
    mean_chars: float
    holds_images: bool = False
    holds_sounds: bool = False

    @property
    def n_different(self) -> int:
        """Different values."""
        return len(self.values)


@dataclass(frozen=True)
class Roles:
    """The columns that were guessed; None where no column looks like it."""

    text: str | None = None
    image: str | None = None
    label: str | None = None
    id: str | None = None
    sound: str | None = None


NO_ROLES = Roles()


def columns_of(rows: Sequence[Mapping[str, Any]]) -> tuple[Column, ...]:
    """The columns of some rows, in the order in which they come."""
    names = dict.fromkeys(name for row in rows for name in row)
    return tuple(_column(name, [row.get(name) for row in rows]) for name in names)


def guess_roles(columns: Sequence[Column], n_rows: int) -> Roles:
    """Which column is what, of `n_rows` rows that were looked at."""
    image = next((column for column in columns if column.holds_images), None)
    sound = next((column for column in columns if column.holds_sounds), None)
    label = _named(columns, LABEL_NAMES, lambda column: _may_be_label(column, n_rows, is_named=True))
    taken = {column.name for column in (image, sound, label) if column is not None}
    text = _text([column for column in columns if column.name not in taken])
    taken |= {text.name} if text else set()
    if label is None:
        rest = [c for c in columns if c.name not in taken and c.kind in ("text", "true/false")]
        label = next((column for column in rest if _may_be_label(column, n_rows, is_named=False)), None)
    ids = [column for column in columns if column.name not in taken and column is not label]
    found = _named(ids, ID_NAMES, lambda column: _may_be_id(column, n_rows)) or next(
        (column for column in ids if column.name.lower().endswith("id") and _may_be_id(column, n_rows)), None
    )
    return Roles(*(None if column is None else column.name for column in (text, image, label, found, sound)))


def classes_of(column: Column) -> tuple[str, ...]:
    """The values of a label, the commonest first."""
    return tuple(value for value, _ in sorted(column.values.items(), key=lambda item: (-item[1], item[0])))


def _column(name: str, values: Sequence[Any]) -> Column:
    filled = [value for value in values if value not in (None, "", [])]
    texts = [] if any(isinstance(value, bytes) for value in filled) else [_text_of(value) for value in filled]
    n = max(len(texts), 1)
    return Column(
        name=name,
        kind=_kind(filled),
        n_filled=len(filled),
        values=Counter(texts),
        mean_words=sum(len(text.split()) for text in texts) / n,
        mean_chars=sum(map(len, texts)) / n,
        holds_images=_are_files(texts, IMAGE_ENDINGS) or any(_is_image(value) for value in filled),
        holds_sounds=_are_files(texts, SOUND_ENDINGS),
    )


def _are_files(texts: Sequence[str], endings: tuple[str, ...]) -> bool:
    return bool(texts) and all(text.lower().endswith(endings) and len(text) < 500 for text in texts)


def _is_image(value: Any) -> bool:
    """Whether a value is bytes, or the pair of bytes and path that saved datasets hold images in."""
    return isinstance(value, bytes) or (isinstance(value, Mapping) and isinstance(value.get("bytes"), bytes))


def _kind(filled: Sequence[Any]) -> str:
    if not filled:
        return "empty"
    if any(_is_image(value) for value in filled):
        return "bytes"
    if all(isinstance(value, bool) or str(value).lower() in ("true", "false") for value in filled):
        return "true/false"
    if all(is_number(value) for value in filled):
        return "number"
    return "list" if any(isinstance(value, list | dict) for value in filled) else "text"


def is_number(value: Any) -> bool:
    """Whether a value is a number, or the text of one."""
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _text_of(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value, default=str) if isinstance(value, list | dict) else str(value)


def _text(columns: Sequence[Column]) -> Column | None:
    """The column of this name, else that of the longest texts of several words."""
    texts = [column for column in columns if column.kind == "text" and not _holds_media(column)]
    named = _named(texts, TEXT_NAMES, lambda column: column.n_filled > 0)
    wordy = [column for column in texts if column.mean_words >= 2]
    return named or max(wordy, key=lambda column: column.mean_chars, default=None)


def _holds_media(column: Column) -> bool:
    return column.holds_images or column.holds_sounds


def _named(columns: Sequence[Column], names: Sequence[str], fits: Any) -> Column | None:
    by_name = {column.name.lower(): column for column in columns if fits(column)}
    return next((by_name[name] for name in names if name in by_name), None)


def _may_be_label(column: Column, n_rows: int, *, is_named: bool) -> bool:
    if column.kind in ("bytes", "empty", "list") or _holds_media(column):
        return False
    n = column.n_different
    is_repeated = column.n_filled >= n * (_LEAST_ROWS_OF_A_CLASS if not is_named else 1)
    is_short = column.mean_words <= 4 and column.mean_chars <= 60
    return 2 <= n <= _MOST_CLASSES and is_repeated and is_short and column.n_filled >= n_rows / 2


def _may_be_id(column: Column, n_rows: int) -> bool:
    return column.n_filled == n_rows == column.n_different and column.mean_words <= 1 and column.kind != "bytes"
