"""The one place where names become uris, names of columns are told apart, and any text becomes one that a table holds.

Which files there are is in `listing/batches.py`; what else a row of the raw index holds in `samples.py`.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from upath import UPath

_ESCAPED_BYTES = re.compile(r"(?:\\x[0-9a-f]{2})+")
_LONGEST_NAME_BYTES = 255


def storable(text: str) -> str:
    r"""The text without what no table holds: bytes that were no UTF-8 and NUL as `\xNN`, lone surrogates as `\uNNNN`.

    Everything else stays as it is, control characters too; what shows a text has to mind them.
    """
    if "\0" in text:
        text = text.replace("\0", r"\x00")
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(_written(character) if "\ud800" <= character <= "\udfff" else character for character in text)
    return text


def _written(surrogate: str) -> str:
    """A lone surrogate as the byte that it stands for in names of files, or else as its number."""
    number = ord(surrogate)
    return f"\\x{number - 0xDC00:02x}" if 0xDC80 <= number <= 0xDCFF else f"\\u{number:04x}"


def named_apart(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a dictionary; of several with one name the first keeps it, the others get their place behind it."""
    listed = list(pairs)
    apart = dict(listed)
    if len(apart) == len(listed):
        return apart
    taken, apart = set(apart), {}
    for place, (name, value) in enumerate(listed, start=1):
        unique, number = name, place
        while unique in apart or (unique != name and unique in taken):
            unique, number = f"{name}.{number}", number + 1
        apart[unique] = value
    return apart


def part_uri(uri: str, part: object) -> str:
    """The uri of a row or a sample within a file."""
    return f"{uri}#{storable(str(part))}"


def splits_of(uri: str) -> Iterator[tuple[str, str]]:
    """Every way to split a uri into that of a file and the part within it: both may have a `#` in their names."""
    for position, character in enumerate(uri):
        if character == "#":
            yield uri[:position], uri[position + 1 :]


def path_of(folder: "Path | UPath", uri: str) -> "Path | UPath":
    r"""Where the file of a uri is below the folder of its source, also where its name is not UTF-8."""
    if not isinstance(folder, Path):
        return folder / uri
    path = folder / uri
    if "\\x" not in uri or os.path.lexists(path):
        return path
    raw = _ESCAPED_BYTES.sub(lambda found: os.fsdecode(bytes.fromhex(found[0].replace("\\x", ""))), uri)
    decoded = path if "\0" in raw else folder / raw
    # A name may hold what only looks like an escaped byte.
    return decoded if os.path.lexists(decoded) else _listed_as(folder, uri.split("/")) or decoded


def _listed_as(folder: Path, names: list[str]) -> Path | None:
    """The file whose names are written so in uris; None where there is none."""
    for name in names:
        try:
            exact = folder / name
            folder = exact if os.path.lexists(exact) else next(p for p in folder.iterdir() if storable(p.name) == name)
        except (OSError, StopIteration):
            return None
    return folder


def is_a_name_of_files(path: str) -> bool:
    """Whether a local file can have this path: no NUL, and no part of more than 255 bytes."""
    parts = path.split("/")
    return "\0" not in path and all(len(os.fsencode(part)) <= _LONGEST_NAME_BYTES for part in parts)
