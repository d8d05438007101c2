"""When a scene was taken, by its tags or the name of its file."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

#: Tags of files that say when a scene was taken, the more trustworthy first; any other that has `ACQUISITION` in its
#: name comes between them and the time at which the file was written.
_TAGS = ("ACQUISITIONDATETIME", "ACQUISITION_DATETIME", "DATETIME_ACQUIRED", "DATE_ACQUIRED", "ACQUISITION_DATE")
_WRITTEN = "TIFFTAG_DATETIME"
_DIGITS = re.compile(r"(\d{4})\D?(\d{2})\D?(\d{2})(?:\D*?(\d{2})\D?(\d{2})\D?(\d{2})?)?")


def acquired_at(tags: Mapping[str, str], file_name: str, time_pattern: str | None) -> str | None:
    """The time of a scene, ISO 8601 in UTC to the second; None where nothing says it.

    Args:
        tags: Of the file, by name.
        file_name: Of the file, without folders.
        time_pattern: Regular expression with a group `time`, which counts before the tags where it is found.
    """
    if time_pattern is not None:
        found = re.search(time_pattern, file_name)
        time = None if found is None else _time(found["time"] or "")
        if time is not None:
            return time
    by_name = {name.upper(): value for name, value in tags.items()}
    others = sorted(name for name in by_name if "ACQUISITION" in name and name not in _TAGS)
    times = (_time(by_name[name]) for name in (*_TAGS, *others, _WRITTEN) if name in by_name)
    return next((time for time in times if time is not None), None)


def _time(text: str) -> str | None:
    """The first date in a text, with its time of day where there is one. Tags have no time zone: it is taken as UTC."""
    found = _DIGITS.search(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC).isoformat()
    except ValueError:
        return None
