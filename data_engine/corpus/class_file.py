"""The text file beside a corpus' YAML that lists its classes, one a line.

Classes that stand in the YAML itself are checked in `labels.py`.
"""

import codecs
from collections.abc import Sequence
from pathlib import Path

from data_engine.corpus.known_labels import tidy
from data_engine.errors import InvalidInput, SourceMissing

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_classes(path: Path) -> tuple[str, ...]:
    """The classes of a file in their order; white space around them and empty lines do not count.

    UTF-8 is read, and UTF-16 with its mark, with any kind of line end.

    Raises: SourceMissing where there is no such file; InvalidInput with file and line for another encoding and for a
        class that stands twice.
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
        if name:
            lines[name] = number
    return tuple(lines)


def check_number(classes: Sequence[str]) -> None:
    """That a question has possible answers.

    Raises: ValueError for fewer than two.
    """
    if len(classes) < 2:
        raise ValueError(f"classes has {len(classes)} entries; a question needs at least 2 possible answers")


def check_special_classes(classes: Sequence[str], *, other: str | None, out_of_scope: str | None) -> None:
    """That the class for everything else and that for what does not belong here are among the classes.

    Raises: ValueError naming the one that is not.
    """
    for field, name in (("other", other), ("out_of_scope", out_of_scope)):
        if name is not None and name not in classes:
            shown = ", ".join(map(repr, classes[:8])) + (", ..." if len(classes) > 8 else "")
            raise ValueError(f"{field} is {name!r}, which is no class; add it to classes ({shown}), or remove {field}")


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
