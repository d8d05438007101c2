"""Checksums of files, in small files of their own: of every commit of a table, and of a file that is replaced whole.

What is found with them is in `table_damage.py`; those at the end of derived files are in `storage/checksums.py`.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import xxhash

from data_engine.places.kinds import is_local
from data_engine.storage.atomic_files import write_text
from data_engine.storage.integrity.commit_log import LOG, entry_name, read_entry

CHECKSUMS = "_checksums"
"""Folder of a table with one file per commit; Delta leaves names that start with an underscore alone."""

_MOST_COMMITS_OF_A_WRITE = 4
_PIECE_BYTES = 1 << 20


def digest_of(path: Path) -> str:
    """xxh3-128 of a file's bytes as 32 hex digits. Raises: OSError as the disk gives it."""
    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def record_path(folder: Path, version: int) -> Path:
    """The file with the checksums of one commit of a table."""
    return folder / CHECKSUMS / entry_name(version)


def record_commit(folder: Path, version: int, known: Mapping[str, str] | None = None) -> None:
    """Keep the checksums of a commit that was just made, and of those that led to it: the table's first, new columns.

    Args:
        folder: The table's.
        version: Of the commit.
        known: Checksums of its data files that were taken while they were written, by path below the folder.

    Raises: OSError as the disk gives it; ValueError for a log entry that cannot be read.
    """
    for number in range(version, max(-1, version - _MOST_COMMITS_OF_A_WRITE), -1):
        path = record_path(folder, number)
        if path.exists() or not (folder / LOG / entry_name(number)).exists():
            return
        _replace(path, _text(digests_of_commit(folder, number, known or {})))


def digests_of_commit(folder: Path, version: int, known: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The checksums of a commit's log entry, data files and checkpoint, by path below the table's folder."""
    entry = read_entry(folder, version)
    paths = [f"{LOG}/{entry_name(version)}", *(added.path for added in entry.added)]
    checkpoints = sorted((folder / LOG).glob(f"{version:020}.checkpoint*.parquet"))
    paths += [f"{LOG}/{path.name}" for path in checkpoints]
    return {path: known.get(path) or digest_of(folder / path) for path in paths}


def read_record(folder: Path, version: int) -> Mapping[str, str] | None:
    """The checksums kept of a commit; None where there are none.

    Raises: OSError as the disk gives it; ValueError when the file is not as it was written.
    """
    path = record_path(folder, version)
    if not path.exists():
        return None
    text = path.read_bytes()
    record = json.loads(text)
    if not isinstance(record, dict) or _text(record).encode() != text:
        raise ValueError("it is not in the form in which it was written")
    return record


def seal_path(path: Path) -> Path:
    """The file beside a file that holds its checksum."""
    return path.with_name(f".{path.name}.xxh3")


def replace_sealed(path: Path, replace: Callable[[], object]) -> None:
    """Replace a file, with its checksum beside it; killed in the middle, the new file has none.

    Raises: OSError as the disk gives it.
    """
    seal = seal_path(path)
    seal.unlink(missing_ok=True)
    replace()
    _replace(seal, digest_of(path) + "\n")


def is_as_sealed(path: Path) -> bool | None:
    """Whether a file has the checksum that is beside it; None where there is none. Raises: OSError."""
    seal = seal_path(path)
    return seal.read_bytes() == f"{digest_of(path)}\n".encode() if seal.exists() else None


def _text(record: Mapping[str, str]) -> str:
    return json.dumps(record, indent=1, sort_keys=True) + "\n"


def _replace(path: Path, text: str) -> None:
    """Without a flush to the disk, unlike `atomic_files`: a checksum that a power cut takes is not missed by a run."""
    if not is_local(path):
        write_text(path, text)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
