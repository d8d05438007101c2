"""Files of servers: what fails on the way is tried again, with pauses, within a time that the corpus gives.

What is read from there is unpacked in `unpacking.py`.
"""

import errno
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from random import Random
from threading import Thread
from typing import IO, TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from upath import UPath

T = TypeVar("T")

_FIRST_PAUSE_S = 0.5
_TRIED_AGAIN = (408, 425, 429)
_ON_THE_WAY = (
    *(errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH),
    *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.EBUSY, errno.EACCES, errno.EPERM, errno.EINTR),
)
_DEFINITE = (
    *(FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError),
    *(ValueError, TypeError, ImportError, NotImplementedError),
)


class Unreachable(OSError):
    """The way to a file failed, not its content: a server is down, stalls, or cuts the connection."""


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for."""

    seconds: float = 120.0
    """For one answer, all attempts and pauses together."""
    retries: int = 3
    """Attempts after the first."""


USUAL_PATIENCE = Patience()


def failed_on_the_way(error: BaseException) -> bool:
    """Whether a file could not be read for a reason that may pass without a change of the file."""
    if isinstance(error, Unreachable | PermissionError | TimeoutError | ConnectionError):
        return True
    return isinstance(error, OSError) and error.errno in _ON_THE_WAY


def patiently(call: Callable[[], T], patience: Patience) -> T:
    """What a call of a remote file system gives; it is called again after failures that may pass.

    Pauses double, with some chance in them, and are as long as the server asks for where it does (`Retry-After`).
    Every attempt but the last may take half of the time that is left.

    Raises: Unreachable when the attempts or the time are used up; PermissionError for a server that refuses; any
    other error of the file system as it is.
    """
    started, random = time.monotonic(), Random()
    for attempt in range(patience.retries + 1):
        left = patience.seconds - (time.monotonic() - started)
        try:
            return _within(call, left / 2 if attempt < patience.retries else left)
        except Exception as error:
            why = _why_it_may_pass(error)
            if why is None:
                plain = _plain(error)
                if plain is error:
                    raise
                raise plain from error
            pause = _FIRST_PAUSE_S * 2**attempt * random.uniform(0.5, 1.5)
            pause = max(pause, _retry_after(error) or 0.0)
            passed = time.monotonic() - started
            if attempt == patience.retries or passed + pause >= patience.seconds:
                tries = f"tried {attempt + 1} times within {passed:.1f} s"
                raise Unreachable(f"{why}; {tries}, source.timeout_s is {patience.seconds:g}") from error
            time.sleep(pause)
    raise AssertionError("the last attempt returns or raises")


class PatientStream(io.RawIOBase):
    """The bytes of a remote file, read on from where it was after a failure."""

    def __init__(self, path: "UPath", patience: Patience) -> None:
        """Open the file. Raises as `patiently` does."""
        self._path, self._patience, self._position = path, patience, 0
        self._stream: IO[bytes] | None = patiently(lambda: self._opened(0), patience)
        self._is_seekable = self._stream.seekable()

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Whether the file system can start in the midst of the file."""
        return self._is_seekable

    def tell(self) -> int:
        """Bytes before the next one that is read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to another place."""
        if whence == io.SEEK_CUR:
            offset += self._position
        elif whence == io.SEEK_END:
            offset += int(self._path.stat().st_size)
        if offset != self._position:
            self._position = offset
            if self._stream is not None:
                self._stream.seek(offset)
        return offset

    def readinto(self, buffer: Any) -> int:
        """The next bytes; raises as `patiently` does."""
        # An attempt that is given up may still hold its stream; the next one opens another.
        held = [] if self._stream is None else [self._stream]
        self._stream = None

        def read() -> tuple[IO[bytes], bytes]:
            stream = held.pop() if held else self._opened(self._position)
            return stream, stream.read(len(buffer))

        self._stream, piece = patiently(read, self._patience)
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def close(self) -> None:
        """Give the file back."""
        if self._stream is not None:
            self._stream.close()
        super().close()

    def _opened(self, position: int) -> IO[bytes]:
        stream: IO[bytes] = self._path.open("rb")
        if position and stream.seekable():
            stream.seek(position)
        elif position:
            while position and (piece := stream.read(min(position, 1 << 20))):
                position -= len(piece)
        return stream


def _within(call: Callable[[], T], seconds: float) -> T:
    """What a call gives, or TimeoutError; a call that hangs is left behind on its thread."""
    outcome: list[T] = []
    failure: list[Exception] = []

    def run() -> None:
        try:
            outcome.append(call())
        except Exception as error:
            failure.append(error)

    thread = Thread(target=run, daemon=True)
    thread.start()
    thread.join(max(seconds, 0.01))
    if failure:
        raise failure[0]
    if not outcome:
        raise TimeoutError(f"no answer within {seconds:.1f} s")
    return outcome[0]


def _why_it_may_pass(error: BaseException) -> str | None:
    """What failed, where trying again may help."""
    status = _status(error)
    if status is not None:
        return f"the server answers {status}" if status in _TRIED_AGAIN or status >= 500 else None
    if error.__cause__ is not None and isinstance(error, OSError):
        # File systems say "not found" of anything that fails when they ask for the size of a file.
        return _why_it_may_pass(error.__cause__)
    if isinstance(error, _DEFINITE):
        return None
    return f"the server does not answer ({str(error) or type(error).__name__})"


def _plain(error: Exception) -> Exception:
    """A refusal of a web server as the error that a local file would give."""
    status = _status(error) or (_status(error.__cause__) if error.__cause__ else None)
    if status in (401, 403):
        return PermissionError(errno.EACCES, f"the server refuses with {status}")
    if status in (404, 410):
        return FileNotFoundError(errno.ENOENT, f"the server answers {status}")
    return error


def _status(error: BaseException | None) -> int | None:
    """The status of HTTP that an error of aiohttp or botocore tells."""
    status = getattr(error, "status", None)
    if status is None:
        response = getattr(error, "response", None)
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode") if isinstance(response, dict) else None
    return status if isinstance(status, int) and status >= 300 else None


def _retry_after(error: BaseException) -> float | None:
    """Seconds that the server asks to wait, where it does."""
    headers = getattr(error, "headers", None)
    if headers is None:
        response = getattr(error, "response", None)
        headers = response.get("ResponseMetadata", {}).get("HTTPHeaders") if isinstance(response, dict) else None
    asked = next((value for name, value in (headers or {}).items() if name.lower() == "retry-after"), None)
    if asked is None:
        return None if error.__cause__ is None else _retry_after(error.__cause__)
    try:
        return float(asked)
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return None
