"""Checksums at the end of files that can be computed again: artefacts and the index of accepted samples.

The name of a file says what its content was computed from, so it is part of the checksum: a sound file under the name
of another is a damaged one.
Those of tables are in `tables/parquet_files.py`.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import xxhash

_MARK = b"xxh3-nam"
_SIZE = len(_MARK) + 16
_CHUNK_BYTES = 2**20
_MOST_VERIFIED = 65_536


class DamagedContent(ValueError):
    """Bytes that are not those that were written."""


def sealed(content: bytes, name: str) -> bytes:
    """The bytes and their checksum, for a file of that name."""
    return content + _MARK + _begun(name, content).digest()


def unsealed(content: bytes, name: str) -> bytes:
    """What was sealed. Raises: DamagedContent when the checksum is missing or that of other bytes or another name."""
    body = content[:-_SIZE]
    if content[-_SIZE:] != _MARK + _begun(name, body).digest():
        raise DamagedContent("it has another checksum than when it was written, or none")
    return body


def seal(path: Path, name: str) -> None:
    """Add the checksum of a file at its end, for the name that it will have."""
    digest = _digest_of(path, path.stat().st_size, name)
    with path.open("ab") as file:
        file.write(_MARK + digest)


def verify(path: Path) -> None:
    """Compare a sealed file with its checksum, once for each state of the file in a process.

    Raises: DamagedContent when it is missing or another one; OSError as the disk gives it.
    """
    found = path.stat()
    _compare(path, (found.st_ino, found.st_mtime_ns, found.st_size))


@lru_cache(maxsize=_MOST_VERIFIED)
def _compare(path: Path, state: tuple[Any, ...]) -> None:
    size = state[-1] - _SIZE
    with path.open("rb") as file:
        file.seek(max(0, size))
        end = file.read()
    if size < 0 or end != _MARK + _digest_of(path, size, path.name):
        raise DamagedContent("it has another checksum than when it was written, or none")


def _digest_of(path: Path, n_bytes: int, name: str) -> bytes:
    """Of the first bytes of a file, which is never in memory all at once."""
    digest = _begun(name, b"")
    with path.open("rb") as file:
        while n_bytes > 0:
            content = file.read(min(n_bytes, _CHUNK_BYTES))
            if not content:
                break
            digest.update(content)
            n_bytes -= len(content)
    return digest.digest()


def _begun(name: str, content: bytes) -> xxhash.xxh3_128:
    digest = xxhash.xxh3_128(name.encode() + b"\0")
    digest.update(content)
    return digest
