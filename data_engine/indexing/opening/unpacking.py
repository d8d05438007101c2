"""Packed files: which are unpacked while they are read, which are named as unknown, and where a bomb is stopped.

Where the packed bytes come from is in `patience.py`.
"""

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from typing import IO, Any

#: Text packs 3 to 20 times, dull logs 100 times; what unpacks to more is an archive bomb.
MAX_EXPANSION = 200
_ALWAYS_ALLOWED_BYTES = 64 << 20
_BUFFER_BYTES = 1 << 18


def _arrow(codec: str) -> Callable[..., Any]:
    def unpack(stored: IO[bytes], _mode: str) -> Any:
        import pyarrow as pa

        return pa.CompressedInputStream(pa.PythonFile(stored, mode="r"), codec)

    return unpack


#: How packed files begin, and what unpacks them.
_UNPACKERS: dict[bytes, Callable[..., Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
    b"\x28\xb5\x2f\xfd": _arrow("zstd"),
}
_UNKNOWN = {
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf\x27\x1c": "7-Zip",
    b"Rar!\x1a\x07": "RAR",
    b"\x1f\x9d": "compress (.Z)",
    b"LZIP": "lzip",
    b"\x04\x22\x4d\x18": "LZ4",
    b"\x5d\0\0": "LZMA without a container",
    b"\xff\x06\0\0sNaPpY": "Snappy",
    b"\x89LZO": "LZO",
}


def unpacked(stored: io.BufferedReader) -> io.BufferedReader:
    """The content of a stream of packed bytes; the stream itself where it is not packed.

    Whatever goes wrong while reading is an OSError: damaged or truncated packing, and more than `MAX_EXPANSION` bytes
    unpacked from one.
    """
    unpack = _unpacker_of(stored)
    return stored if unpack is None else io.BufferedReader(_Unpacked(unpack(stored, "rb"), stored), _BUFFER_BYTES)


def is_packed(stored: io.BufferedReader) -> bool:
    """Whether `unpacked` unpacks a stream."""
    return _unpacker_of(stored) is not None


def refuse_unknown_packing(stream: io.BufferedReader) -> None:
    """Raises: OSError that names how a file is packed, where nothing here unpacks that."""
    start = stream.peek(16)[:16]
    name = next((name for mark, name in _UNKNOWN.items() if start.startswith(mark)), None)
    if name is not None:
        raise OSError(f"it is packed by {name}, which is not read; unpack it, or pack it by gzip, bzip2, xz or zstd")


def _unpacker_of(stored: io.BufferedReader) -> Callable[..., Any] | None:
    start = stored.peek(6)[:6]
    return next((unpack for mark, unpack in _UNPACKERS.items() if start.startswith(mark)), None)


class _Unpacked(io.RawIOBase):
    """A stream whose every failure is an OSError, and which stops at an archive bomb."""

    def __init__(self, content: IO[bytes], stored: IO[bytes]) -> None:
        self._content, self._stored = content, stored
        # What was unpacked before a break is handed on, and not lost with the rest of the buffer.
        self._read = getattr(content, "read1", content.read)
        self._n_unpacked = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._content.seekable()

    def readinto(self, buffer: Any) -> int:
        try:
            piece = self._read(len(buffer))
        except OSError:
            raise
        except Exception as error:
            # Packing libraries have exceptions of their own.
            raise OSError(f"{error or type(error).__name__}") from error
        buffer[: len(piece)] = piece
        self._n_unpacked += len(piece)
        self._refuse_bombs()
        return len(piece)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._n_unpacked = self._content.seek(offset, whence)
        return self._n_unpacked

    def tell(self) -> int:
        return self._n_unpacked

    def close(self) -> None:
        self._content.close()
        self._stored.close()
        super().close()

    def _refuse_bombs(self) -> None:
        n_stored = self._stored.tell()
        if self._n_unpacked > max(_ALWAYS_ALLOWED_BYTES, MAX_EXPANSION * n_stored):
            raise OSError(
                f"unpacks to more than {MAX_EXPANSION} times its size ({self._n_unpacked:,} bytes from {n_stored:,}), "
                "like an archive bomb; unpack it yourself if it is none"
            )
