"""The two kinds of places: paths of this host, and what has the same methods behind a URL.

Both are annotated as paths; only here and in `object_store.py` it matters that the second is none.
"""

from pathlib import Path
from typing import Any, cast


def is_local(where: Path) -> bool:
    """Whether a place is on a disk of this host."""
    return isinstance(where, Path)


def is_url(text: str | Path) -> bool:
    """Whether a text, such as the value of DATA_ENGINE_DATA, names a place that is not on this host."""
    return "://" in str(text)


def file_system_of(where: Path) -> tuple[Any, str]:
    """The fsspec file system of a place behind a URL, and its key there: `bucket/prefix/name`."""
    there = cast(Any, where)
    return there.fs, str(there.path)
