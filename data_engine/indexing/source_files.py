"""SourceFile: one file of a source, local or behind a URL."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from upath import UPath

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class SourceFile:
    """A file of a source as it was when the source was listed."""

    path: "Path | UPath"
    uri: str
    """POSIX path relative to the root of the source."""
    n_bytes: int
    modified_at: datetime
    """UTC; the epoch where a remote file system does not say."""
    version: str = ""
    """What the file system calls this content, an entity tag; empty for local files."""
