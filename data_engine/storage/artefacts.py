"""Artefacts: small models and other results that can be computed again, named by a fingerprint of their inputs.

A missing one costs time and nothing else, a killed process leaves none half, and each ends in its checksum.
Embeddings are in `embedding_cache.py`, accepted samples in `accepted_index.py`.
"""

from dataclasses import dataclass
from logging import getLogger
from pathlib import Path

from data_engine.storage.atomic_files import write_bytes
from data_engine.storage.checksums import DamagedContent, sealed, unsealed
from data_engine.storage.storage_errors import storage_errors

logger = getLogger(__name__)


@dataclass(frozen=True)
class Artefacts:
    """A folder of small files; a name is used for one content only."""

    folder: Path

    def get(self, name: str) -> bytes | None:
        """The bytes kept under a name; None where there are none, or they are damaged, which is logged.

        Raises: StorageError when they cannot be read.
        """
        path = self.folder / name
        with storage_errors(f"reading {name}", self.folder, intact="nothing was changed"):
            if not path.exists():
                return None
            content = path.read_bytes()
        try:
            return unsealed(content, name)
        except DamagedContent as error:
            logger.warning("%s is damaged and is computed anew (%s)", path, error)
            return None

    def paths(self, pattern: str) -> list[Path]:
        """The sealed files kept under names that match a pattern, for those that are not to be read whole."""
        return sorted(self.folder.glob(pattern))

    def delete(self, name: str) -> None:
        """Let go of what is kept under a name, if anything is."""
        (self.folder / name).unlink(missing_ok=True)

    def has_any(self, pattern: str) -> bool:
        """Whether anything is kept under a name that matches a pattern."""
        return any(self.folder.glob(pattern))

    def put(self, name: str, content: bytes) -> None:
        """Keep bytes under a name, whole or not at all. Raises: StorageError when the disk is full or fails."""
        with storage_errors(f"keeping {name}", self.folder, intact="nothing was changed"):
            write_bytes(self.folder / name, sealed(content, name))

    def put_instead(self, name: str, content: bytes, *, of: str) -> None:
        """Keep bytes under a name, and delete what was kept under other names that match a pattern.

        Raises: StorageError when the disk is full or fails.
        """
        self.put(name, content)
        for path in self.folder.glob(of):
            if path.name != name:
                path.unlink(missing_ok=True)

    def put_among(self, name: str, content: bytes, *, of: str, at_most: int) -> None:
        """Keep bytes under a name, and of what is kept under names that match a pattern only the newest files.

        Raises: StorageError when the disk is full or fails.
        """
        self.put(name, content)
        others = [path for path in self.folder.glob(of) if path.name != name]
        newest_first = sorted(others, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
        for path in newest_first[at_most - 1 :]:
            path.unlink(missing_ok=True)
