"""Checksums at the end of files that can be computed again: artefacts and the index of accepted samples.

Those of tables are in `tables/parquet_files.py`.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import xxhash

_MARK = b"xxh3-128"
_SIZE = len(_MARK) + 16
_CHUNK_BYTES = 2**20
_MOST_VERIFIED = 65_536


class DamagedContent(ValueError):
    """Bytes that are not those that were written."""


def sealed(content: bytes) -> bytes:
    """The bytes and their checksum."""
    return content + _MARK + xxhash.xxh3_128(content).digest()


def unsealed(content: bytes) -> bytes:
    """What was sealed. Raises: DamagedContent when the checksum is missing or another one."""
    body = content[:-_SIZE]
    if content[-_SIZE:] != _MARK + xxhash.xxh3_128(body).digest():
        raise DamagedContent("it has another checksum than when it was written, or none")
    return body


def seal(path: Path) -> None:
    """Add the checksum of a file at its end."""
    digest = _digest_of(path, path.stat().st_size)
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
    if size < 0 or end != _MARK + _digest_of(path, size):
        raise DamagedContent("it has another checksum than when it was written, or none")


def _digest_of(path: Path, n_bytes: int) -> bytes:
    """Of the first bytes of a file, which is never in memory all at once."""
    digest = xxhash.xxh3_128()
    with path.open("rb") as file:
        while n_bytes > 0:
            content = file.read(min(n_bytes, _CHUNK_BYTES))
            if not content:
                break
            digest.update(content)
            n_bytes -= len(content)
    return digest.digest()
