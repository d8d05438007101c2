"""What is printed is data: texts, names and questions as they are, never read as markup or as commands to a terminal.

Tables are in `tables.py`, the last words of a command in `last_words.py`.
"""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

#: Control characters but tab and line feed, marks that turn the direction of what follows, halves of surrogate pairs.
_NOT_SHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def shown(value: object) -> str:
    """A value as text in which control characters are written out, as `\\x1b`; line ends of Windows are line ends."""
    return _NOT_SHOWN.sub(_escape, str(value).replace("\r\n", "\n"))


def plain(value: object, style: str = "") -> "Text":
    """A value for rich, which takes it as it is; what is rich's own text already stays, with its style."""
    from rich.text import Text

    return value if isinstance(value, Text) else Text(shown(value), style=style)


def counted(n: int, what: str) -> str:
    """A number with its noun: `1 row`, `1,200 rows`."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
