"""The inputs of a reader of samples: one file of a source, the way to open it, and the settings that it obeys.

Which files there are is in `listing/batches.py`; the readers themselves are listed in `registry.py`.
"""

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from upath import UPath

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: How packed files begin, and what unpacks them.
_UNPACKERS: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
#: Text packs 3 to 20 times, dull logs 100 times; what unpacks to more is an archive bomb.
MAX_EXPANSION = 200
_ALWAYS_ALLOWED_BYTES = 64 << 20
_BUFFER_BYTES = 1 << 18

#: Reads the bytes of an image again, by its uri and its metadata (JSON). Raises: OSError, ValueError, KeyError.
Find = Callable[[str, str], bytes]


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


class ReadOptions(Protocol):
    """The settings of `indexing.source.Source` that readers obey; their meaning is documented there."""

    @property
    def text_column(self) -> str:
        """Column of a row that holds the text."""

    @property
    def path_column(self) -> str | None:
        """Column of a row that holds an image."""

    @property
    def id_column(self) -> str | None:
        """Column that holds the source's own id."""

    @property
    def keep_where_any(self) -> tuple[str, ...]:
        """Columns of which at least one must be true."""

    @property
    def pixel_shape(self) -> tuple[int, int] | None:
        """Height and width of images whose rows do not say it, in pixels."""

    @property
    def max_sample_bytes(self) -> int:
        """A larger sample is unreadable."""


def open_file(path: "Path | UPath") -> io.BufferedReader:
    """The bytes of a file, unpacked when it is a gzip, bzip2 or xz file.

    Whatever goes wrong while reading is an OSError: a broken connection, damaged or truncated packing, and more than
    `MAX_EXPANSION` bytes unpacked from one.
    """
    stream: Any = path.open("rb")
    stored = stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(_Guarded(stream, stream))
    unpack = _unpacker_of(stored)
    return stored if unpack is None else io.BufferedReader(_Guarded(unpack(stored, "rb"), stored), _BUFFER_BYTES)


def is_packed(path: "Path | UPath") -> bool:
    """Whether `open_file` unpacks the file; then each jump back in it reads it from its start."""
    with path.open("rb") as stream:
        return _unpacker_of(io.BufferedReader(_Guarded(stream, stream))) is not None


def _unpacker_of(stored: io.BufferedReader) -> Callable[..., Any] | None:
    start = stored.peek(6)[:6]
    return next((unpack for mark, unpack in _UNPACKERS.items() if start.startswith(mark)), None)


class _Guarded(io.RawIOBase):
    """A stream whose every failure is an OSError, and which stops at an archive bomb."""

    def __init__(self, content: IO[bytes], stored: IO[bytes]) -> None:
        self._content = content
        # What was unpacked before a break is handed on, and not lost with the rest of the buffer.
        self._read = getattr(content, "read1", content.read)
        self._stored = stored

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            piece = self._read(len(buffer))
        except OSError:
            raise
        except Exception as error:
            # Packing libraries and remote file systems have exceptions of their own.
            raise OSError(f"{error or type(error).__name__}") from error
        buffer[: len(piece)] = piece
        self._refuse_bombs()
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._content.seek(offset, whence)

    def tell(self) -> int:
        return self._content.tell()

    def close(self) -> None:
        self._content.close()
        self._stored.close()
        super().close()

    def _refuse_bombs(self) -> None:
        if self._content is self._stored:
            return
        n_unpacked, n_stored = self._content.tell(), self._stored.tell()
        if n_unpacked > max(_ALWAYS_ALLOWED_BYTES, MAX_EXPANSION * n_stored):
            raise OSError(
                f"unpacks to more than {MAX_EXPANSION} times its size ({n_unpacked:,} bytes from {n_stored:,}), like "
                "an archive bomb; unpack it yourself if it is none"
            )
