"""From a value of the metadata to a class: the one place where labels known beforehand are read.

`Corpus.known_class` knows the column's pattern and the class for everything else; what a run says of the labels is in
`data_engine.reporting.metrics.known_labels`.
"""

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping

#: Whole numbers above it are no longer exact in a fraction.
_EXACT_BELOW = 2.0**53
_WHOLE_WITH_ZEROS = re.compile(r"([+-]?\d+)\.0+")


def tidy(text: str) -> str:
    """A label or class as it is compared and kept: in the normal form NFC, without white space around it."""
    return unicodedata.normalize("NFC", text).strip()


def label_text(value: object) -> str | None:
    """The text of a value of the metadata; None for one that says nothing: null, NaN, white space, an empty list.

    3 and 3.0 are `3`, 0 is `0`, true is `true`; a list of one value stands for this value, any other list or a mapping
    for its JSON text, which a class has to be named like.
    """
    while isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if value is None or value in ("", [], (), {}):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _text_of_number(value)
    if isinstance(value, list | tuple | dict):
        return tidy(json.dumps(value, ensure_ascii=False, sort_keys=True, default=str))
    return tidy(str(value)) or None


def _text_of_number(value: float) -> str | None:
    if math.isnan(value):
        return None
    is_whole = value.is_integer() and abs(value) < _EXACT_BELOW
    return str(int(value)) if is_whole else str(value)


class ClassNames:
    """Finds the class that a text means: the one of this name, else the only one that differs from it a little.

    A little is: upper and lower case, the length of white space, `.0` behind a whole number. Where two classes are
    that near, only the exact name counts.
    """

    def __init__(self, classes: Iterable[str]) -> None:
        self._exact: Mapping[str, str] = {tidy(name): name for name in classes}
        near: dict[str, list[str]] = {}
        for name in self._exact.values():
            near.setdefault(_folded(name), []).append(name)
        self._near = {folded: names[0] for folded, names in near.items() if len(names) == 1}

    def find(self, text: str) -> str | None:
        """The class of a text; None where no class has this name."""
        return self._exact.get(tidy(text)) or self._near.get(_folded(text))


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFC", " ".join(tidy(text).casefold().split()))
    whole = _WHOLE_WITH_ZEROS.fullmatch(folded)
    return whole.group(1) if whole else folded
