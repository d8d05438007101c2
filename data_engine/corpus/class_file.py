"""The text file beside a corpus' YAML that lists its classes, one a line.

Classes that stand in the YAML itself are checked in `labels.py`.
"""

import codecs
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from data_engine.corpus.known_labels import tidy
from data_engine.errors import InvalidInput, SourceMissing

#: Byte order mark, marks and overrides of direction, white space of no width.
_UNSEEN = frozenset(
    "\ufeff\u200b\u200e\u200f\u061c\u2060" + "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
)
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_classes(path: Path) -> tuple[str, ...]:
    """The classes of a file in their order; white space around them and empty lines do not count.

    UTF-8 is read, and UTF-16 with its mark, with any kind of line end.

    Raises: SourceMissing where there is no such file; InvalidInput with file and line for another encoding, a class
        that stands twice and one with a character that nobody sees.
    """
    if not path.is_file():
        raise SourceMissing(
            f"labels.classes names the file {path.name!r}, which is not beside the YAML file in {path.parent}; create "
            "it with one class per line, or give a list"
        )
    lines: dict[str, int] = {}
    for number, line in enumerate(_text(path).splitlines(), start=1):
        name = tidy(line)
        if name in lines:
            raise InvalidInput(
                f"{path}:{number}: the class {name!r} stands in line {lines[name]} too; keep each class once"
            )
        if why := why_no_name(name):
            raise InvalidInput(f"{path}:{number}: {why}")
        if name:
            lines[name] = number
    return tuple(lines)


def why_no_name(name: str) -> str:
    """Why a class cannot be called so; empty where it can.

    What nobody sees or can type would make another class of a name that reads the same. Joiners within words are seen.
    """
    for character in name:
        kind = unicodedata.category(character)
        if kind in ("Cc", "Cs") or character in _UNSEEN:
            return f"the class {name!r} holds the character U+{ord(character):04X}, which nobody sees; remove it"
    return ""


def check_names(classes: Sequence[str]) -> None:
    """That every class can be called so. Raises: ValueError naming the first that cannot."""
    why = next(filter(None, map(why_no_name, classes)), "")
    if why:
        raise ValueError(why)


def check_number(classes: Sequence[str], *, least: int = 2) -> None:
    """That a question has possible answers.

    Raises: ValueError for fewer than `least`.
    """
    if len(classes) < least:
        what = "2 possible answers" if least == 2 else f"{least} class of objects"
        raise ValueError(f"classes has {len(classes)} entries; a question needs at least {what}")


def check_special_classes(classes: Sequence[str], *, other: str | None, out_of_scope: str | None) -> None:
    """That the class for everything else and that for what does not belong here are among the classes.

    Raises: ValueError naming the one that is not.
    """
    for field, name in (("other", other), ("out_of_scope", out_of_scope)):
        if name is not None and name not in classes:
            shown = ", ".join(map(repr, classes[:8])) + (", ..." if len(classes) > 8 else "")
            raise ValueError(f"{field} is {name!r}, which is no class; add it to classes ({shown}), or remove {field}")


def check_chains(renamed: Mapping[str, str]) -> None:
    """That every old name leads to its new one in one step.

    Raises: ValueError for an empty name, a name that becomes itself, a chain and a circle.
    """
    for old, new in renamed.items():
        if not (old and new):
            raise ValueError(f"renamed says {old!r}: {new!r}; give both names, or remove the entry")
        if old == new:
            raise ValueError(f"renamed says that {old!r} is now {new!r}, which is the same name; remove the entry")
        if new not in renamed:
            continue
        last, seen = new, [old]
        while last in renamed and last not in seen:
            seen.append(last)
            last = renamed[last]
        steps = " -> ".join(map(repr, [*seen, last]))
        if last in seen:
            raise ValueError(f"renamed goes in a circle: {steps}; keep the entry whose new name is in classes")
        raise ValueError(f"renamed has a chain: {steps}; give each old name the last one, {old!r}: {last!r}")


def check_renamed(renamed: Mapping[str, str], classes: Sequence[str]) -> None:
    """That new names are classes and old ones are none any more.

    Raises: ValueError naming the one that is not so.
    """
    for old, new in renamed.items():
        if old in classes:
            raise ValueError(f"renamed says that {old!r} is now {new!r}, but {old!r} is a class; remove one of the two")
        if new not in classes:
            raise ValueError(f"renamed says that {old!r} is now {new!r}, which is no class; add {new!r} to classes")


def _text(path: Path) -> str:
    content = path.read_bytes()
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InvalidInput(f"{path}:{line}: is no text in UTF-8 ({error.reason}); save the file as UTF-8") from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InvalidInput(f"{path}:{line}: has a character of value 0; save the file as UTF-8")
    return text
