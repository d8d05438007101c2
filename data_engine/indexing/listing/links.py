"""Symbolic links of a source: which are followed, and why the others are not.

The files themselves are listed in `batches.py`.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Links:
    """The rule about links of one source."""

    root: Path
    """Folder of the source, without links."""
    allowed: tuple[Path, ...] | None = ()
    """Folders and files outside that links may lead to, without links; None allows every place."""

    @classmethod
    def of(cls, folder: Path, follow: bool | Sequence[str]) -> "Links":
        """The rule of a source: `follow` is its setting `follow_links`."""
        if isinstance(follow, bool):
            return cls(folder.resolve(), None if follow else ())
        places = (Path(os.path.expandvars(place)).expanduser() for place in follow)
        return cls(folder.resolve(), tuple(place.resolve() for place in places))

    def why_not(self, path: Path) -> str | None:
        """Why a path may not be opened: a link in it leads out of the source to a place that is not allowed."""
        if self.allowed is None:
            return None
        try:
            target = path.resolve()
        except (OSError, RuntimeError, ValueError):
            # A loop of links, or a name that no file can have, leads nowhere; opening it says so.
            return None
        if any(target == place or place in target.parents for place in (self.root, *self.allowed)):
            return None
        return f"is a link that leads out of the source, to {target}; copy it there, or allow it by source.follow_links"
