"""What was learnt from the source, kept by the fingerprint of all that it was learnt from.

It can always be learnt anew: a missing file costs time and nothing else, and a killed process leaves none half.
"""

from dataclasses import dataclass
from pathlib import Path

from data_engine.storage.atomic_files import replace_file
from data_engine.storage.storage_errors import storage_errors


@dataclass(frozen=True)
class Learnt:
    """A folder of small models; a name is used for one content only."""

    folder: Path

    def get(self, name: str) -> bytes | None:
        """The bytes kept under a name; None where there are none. Raises: StorageError when they cannot be read."""
        path = self.folder / name
        with storage_errors(f"reading {name}", self.folder, intact="nothing was changed"):
            return path.read_bytes() if path.exists() else None

    def put(self, name: str, content: bytes) -> None:
        """Keep bytes under a name, whole or not at all. Raises: StorageError when the disk is full or fails."""
        with storage_errors(f"keeping {name}", self.folder, intact="nothing was changed"):
            replace_file(self.folder / name, lambda path: path.write_bytes(content))

    def put_instead(self, name: str, content: bytes, *, of: str) -> None:
        """Keep bytes under a name, and delete what was kept under other names that match a pattern.

        Raises: StorageError when the disk is full or fails.
        """
        self.put(name, content)
        for path in self.folder.glob(of):
            if path.name != name:
                path.unlink(missing_ok=True)
