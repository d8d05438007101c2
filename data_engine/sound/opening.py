"""The sound files: opened with their limits, what they are, and their samples in blocks, in the order of the file.

What is told from the first bytes alone is in `headers.py`; clips are made of the blocks in `reading.py`.
"""

import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from data_engine.sound.clip import Samples, to_samples
from data_engine.sound.headers import mp3_length, seconds_cut_off, why_no_sound

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 1_000, 768_000
#: Values read at once: what stands in a block that breaks off is lost.
_BLOCK_SAMPLES = 1 << 14
#: Formats that are the same samples wherever reading begins.
_LOSSLESS = ("PCM", "FLOAT", "DOUBLE", "ULAW", "ALAW")
#: What a decoder may leave out at the end, or of its first frame.
_LEEWAY_S = 0.25
_LONGEST_TAG = 500


class UnreadableSound(Exception):
    """A sound, or the rest of one, cannot be read; the message says why and what to do."""


@dataclass(frozen=True)
class SoundInfo:
    """What a sound file is."""

    rate_hz: int
    n_channels: int
    format: str
    """WAV, FLAC, OGG, MP3, ..."""
    encoding: str
    """PCM_16, VORBIS, ..."""
    promised_s: float
    """How long it says it is; what can be decoded may be shorter."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """Title, artist, ... where it has them."""

    @property
    def is_seekable(self) -> bool:
        """Whether reading from its midst gives the same samples as reading from its start."""
        return self.encoding.startswith(_LOSSLESS) or self.format == "FLAC"


class OpenSound:
    """An open sound file, read block by block."""

    def __init__(self, path: Path) -> None:
        """Opens a file of this machine, which is not packed.

        Raises: UnreadableSound for what is no sound, or breaks a limit; OSError where it may not be opened.
        """
        import soundfile

        why = why_no_sound(path)
        if why is not None:
            raise UnreadableSound(why)
        self._path = path
        # Of a file descriptor the library knows no name, so that its content alone says what it is.
        try:
            self._file = soundfile.SoundFile(os.open(path, os.O_RDONLY), closefd=True)
        except soundfile.LibsndfileError as error:
            raise UnreadableSound(f"cannot be decoded: {_said(error)}; repair it or fetch it again") from error
        self._in_frames_s, says_so = mp3_length(path) if self._file.format == "MP3" else (0.0, True)
        self.info = _info(self._file, math.inf if says_so else self._in_frames_s)
        # The wrapper seeks after every read; within an MP3 frame that gives other samples, so it is told not to.
        self._file._info.seekable = 0
        self._dtype = "int16" if self.info.encoding == "PCM_16" else "float32"
        self.n_read = 0
        self.why_broken: str | None = None
        """Why `blocks` ended before the sound does; None where it did not."""
        try:
            _check(self.info)
        except UnreadableSound:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def blocks(self) -> Iterator[Samples]:
        """(n, n_channels) samples from where it stands to its end, or to where it breaks off: see `why_broken`."""
        n_rows = max(1, _BLOCK_SAMPLES // self.info.n_channels)
        try:
            while len(block := self.read(n_rows)):
                yield block
        except UnreadableSound as error:
            self.why_broken = str(error)
        else:
            self.why_broken = self._why_short()

    def read(self, n_rows: int) -> Samples:
        """The next rows, fewer at the end.

        Raises: UnreadableSound where it breaks off, or holds values that are no numbers.
        """
        import soundfile

        try:
            values = self._file.read(n_rows, dtype=self._dtype, always_2d=True)
        except (soundfile.LibsndfileError, RuntimeError) as error:
            raise UnreadableSound(f"{_said(error)} at {self._at()}") from error
        if not np.isfinite(values).all():
            raise UnreadableSound(f"it holds values that are no numbers (NaN or infinite) after {self._at()}")
        self.n_read += len(values)
        return values if self._dtype == "int16" else to_samples(values)

    def go_to(self, row: int) -> None:
        """Let the next row read be this one, at the cost of decoding what lies before where seeking is not exact.

        Raises: UnreadableSound as `read` does, or where the file ends before.
        """
        import soundfile

        if self.info.is_seekable:
            try:
                self._file.seek(row)
            except soundfile.LibsndfileError as error:
                raise UnreadableSound(f"ends before {row / self.info.rate_hz:g} s ({_said(error)})") from error
            self.n_read = row
        while self.n_read < row:
            if not len(self.read(min(_BLOCK_SAMPLES, row - self.n_read))):
                raise UnreadableSound(f"ends at {self._at()}, before {row / self.info.rate_hz:g} s")

    def _why_short(self) -> str | None:
        """Why what was read is not all that the file promises; None where it is."""
        read_s = self.n_read / self.info.rate_hz
        lost_s = (seconds_cut_off(self._path) or 0.0) + max(0.0, self.info.promised_s - read_s)
        if lost_s > _LEEWAY_S:
            return f"it is cut off: {lost_s:,.1f} s that its header promises are not there"
        if self._in_frames_s > read_s + max(_LEEWAY_S, read_s / 100):
            return (
                f"its frames hold {self._in_frames_s:,.1f} s, but its bit rate varies and no header says so; write "
                "one, as `ffmpeg -i OLD.mp3 -c copy NEW.mp3` does"
            )
        return None

    def _at(self) -> str:
        return f"{self.n_read / self.info.rate_hz:,.1f} s"


@contextmanager
def opened(path: Path) -> Iterator[OpenSound]:
    """A sound file, closed afterwards. Raises: as `OpenSound` does."""
    sound = OpenSound(path)
    try:
        yield sound
    finally:
        sound.close()


def _info(file: Any, most_s: float) -> SoundInfo:
    tags = {name: str(value)[:_LONGEST_TAG] for name, value in file.copy_metadata().items() if value}
    promised_s = min(file.frames / file.samplerate, most_s)
    return SoundInfo(file.samplerate, file.channels, file.format, file.subtype, promised_s, tags)


def _check(info: SoundInfo) -> None:
    if not LOWEST_RATE_HZ <= info.rate_hz <= HIGHEST_RATE_HZ:
        raise UnreadableSound(
            f"says that it has {info.rate_hz:,} samples a second; from {LOWEST_RATE_HZ:,} to {HIGHEST_RATE_HZ:,} are "
            "read, so correct its header or remove it"
        )


def _said(error: Exception) -> str:
    said = str(getattr(error, "error_string", "") or error).strip().rstrip(".")
    return said.removeprefix("Error : ") or type(error).__name__
