"""Values of files that somebody else wrote: each is checked, and an error says where it stands and what it should be.

Which values a format has is in the module of the format.
"""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from data_engine.errors import InvalidInput
from data_engine.schemas import answer_text

MOST_BYTES = 512 * 1024**2
"""Larger files are refused: they are read whole."""

LONGEST_NAME = 200
"""Characters of an id, a class or a name."""

LONGEST_TEXT = 1_000_000
"""Characters of anything else."""

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def text_of_file(path: Path) -> str:
    """A file of UTF-8. Raises: InvalidInput for one that is missing, too large or in another encoding."""
    return content_of_file(path).decode("utf-8-sig")


def content_of_file(path: Path, *, is_text: bool = True) -> bytes:
    """The bytes of a file. Raises: InvalidInput as `text_of_file` does."""
    try:
        n_bytes = path.stat().st_size
        if n_bytes > MOST_BYTES:
            raise InvalidInput(f"it has {n_bytes:,} bytes and may have {MOST_BYTES:,}; split it")
        content = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"it cannot be read ({error.strerror}); give the path of a file") from error
    if is_text:
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidInput(f"byte {error.start:,} is no UTF-8; write the file in UTF-8") from error
    return content


def json_in(text: str, where: str = "") -> Any:
    """What a JSON text says. Raises: InvalidInput for what is no JSON, or deeper or larger than any answer is."""
    place = f"{where}: " if where else ""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        at = f"{place}column {error.colno}" if where else f"line {error.lineno}, column {error.colno}"
        raise InvalidInput(f"{at}: this is no JSON ({error.msg}); write the file again") from error
    except RecursionError as error:
        raise InvalidInput(f"{place}objects lie in each other too deeply; write the file again") from error
    except ValueError as error:
        raise InvalidInput(f"{place}this is no JSON ({error}); write finite numbers of usual length") from error


def object_in(value: object, where: str) -> Mapping[str, Any]:
    """A JSON object."""
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{where} is {_shown(value)}; it must be an object")
    return value


def objects_in(record: Mapping[str, Any], name: str, where: str) -> list[Any]:
    """A list; an empty one where there is none."""
    value = record.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidInput(f"{where}: {name} is {_shown(value)}; it must be a list")
    return value


def text_in(record: Mapping[str, Any], name: str, where: str, *, longest: int = LONGEST_TEXT) -> str | None:
    """A text; None where there is none or an empty one."""
    value = record.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidInput(f"{where}: {name} is {_shown(value)}; it must be a text")
    if len(value) > longest or "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise InvalidInput(
            f"{where}: {name} is {_shown(value)}; a text has at most {longest:,} characters, none of them NUL or half "
            "of a pair"
        )
    return value


def name_in(record: Mapping[str, Any], name: str, where: str) -> str | None:
    """A printable name; None where there is none."""
    value = text_in(record, name, where, longest=LONGEST_NAME)
    if value is not None and not (value.isprintable() and value.strip()):
        raise InvalidInput(f"{where}: {name} is {_shown(value)}; a name is made of printable characters")
    return value


def needed(value: str | None, name: str, where: str) -> str:
    """A text that has to be there."""
    if value is None:
        raise InvalidInput(f"{where}: {name} is missing; every one needs it")
    return value


def number_in(
    record: Mapping[str, Any], name: str, where: str, *, least: float = -1e12, most: float = 1e12
) -> float | None:
    """A number within bounds; None where there is none."""
    value = record.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InvalidInput(f"{where}: {name} is {_shown(value)}; it must be a number from {least:g} to {most:g}")
    return float(value)


def whole_number_in(record: Mapping[str, Any], name: str, where: str, *, least: int, most: int) -> int | None:
    """A whole number within bounds; None where there is none."""
    value = number_in(record, name, where, least=least, most=most)
    if value is not None and not value.is_integer():
        raise InvalidInput(f"{where}: {name} is {value}; it must be a whole number")
    return None if value is None else int(value)


def truth_in(record: Mapping[str, Any], name: str, where: str) -> bool:
    """Yes or no; no where nothing is said."""
    value = record.get(name)
    if value is not None and not isinstance(value, bool):
        raise InvalidInput(f"{where}: {name} is {_shown(value)}; it must be true or false")
    return bool(value)


def time_in(record: Mapping[str, Any], name: str, where: str) -> datetime | None:
    """A moment in UTC, from ISO 8601 or as a moment; without a time zone it counts as UTC. None where there is none."""
    value = record.get(name)
    if value is None or value == "":
        return None
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(f"{where}: {name} is {_shown(value)}; write a time such as 2026-05-01T12:00:00Z") from error
    if not _EARLIEST <= found < _LATEST:
        raise InvalidInput(f"{where}: {name} is {_shown(value)}; it must be a time from 1970 on")
    return found


def answer_in(record: Mapping[str, Any], name: str, where: str) -> str | None:
    """An answer as JSON, from an object or its text; None where there is none. Its kind is not looked at here."""
    value = record.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        value = json_in(needed(text_in(record, name, where), name, where), f"{where}: {name}")
    if not isinstance(value, Mapping):
        raise InvalidInput(f'{where}: {name} is {_shown(value)}; an answer is an object such as {{"label": "mit"}}')
    try:
        text = answer_text(value)
        text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"{where}: {name} is no JSON ({error}); write the file again") from error
    return text


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _shown(value: object) -> str:
    """A value in an error: its beginning alone, in characters that every terminal has."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**18:
        return f"a number of more than {len(str(10**18)) - 1} digits"
    if isinstance(value, Mapping | list):
        return f"{'an object' if isinstance(value, Mapping) else 'a list'} of {len(value)}"
    return ascii(value)[:80]
