"""The clips of a file, and one of them again by its place.

How they are cut is in `cutting.py`; who asks for them, in `data_engine.indexing`.
"""

import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data_engine.errors import InvalidInput
from data_engine.sound.clip import Clip, clip_of
from data_engine.sound.cutting import Cutting, cut
from data_engine.sound.opening import OpenSound, SoundInfo, UnreadableSound, opened

_MOST_BYTES = 256 << 20
_NO_SAMPLES = "holds no samples: it is a header and nothing else; remove it or fetch it again"
_HEADER_BYTES, _BYTES_PER_SAMPLE = 44, 2
_PLACE = re.compile(r"t=(\d+):(\d\d):(\d\d(?:\.\d+)?),(\d+):(\d\d):(\d\d(?:\.\d+)?)")


@dataclass(frozen=True, eq=False)
class FoundClip:
    """A clip of a file."""

    clip: Clip
    start_row: int
    info: SoundInfo
    is_whole_file: bool = False

    @property
    def start_s(self) -> float:
        """Seconds before it."""
        return self.start_row / self.clip.rate_hz

    @property
    def end_s(self) -> float:
        """Seconds before its end."""
        return (self.start_row + len(self.clip.samples)) / self.clip.rate_hz

    @property
    def place(self) -> str:
        """The part of the file, in the form of the W3C's media fragments: `t=00:00:10,00:00:20`."""
        return f"t={_clock(self.start_s)},{_clock(self.end_s)}"


def read_clips(path: Path, cutting: Cutting, max_bytes: int) -> Iterator[FoundClip]:
    """The clips of a file of this machine that is not packed; no more than one is held.

    Raises: UnreadableSound for what is no sound; where it breaks off, after its clips so far; where a clip would have
        more than `max_bytes`; and for a file without any clip.
    """
    with opened(path) as sound:
        info, waiting = sound.info, None
        _check_size(info, cutting, max_bytes)
        n_found = 0
        for start, samples in cut(sound.blocks(), info.rate_hz, cutting):
            if waiting is not None:
                yield waiting
            n_found += 1
            waiting = FoundClip(Clip(samples, info.rate_hz), start, info)
        if waiting is None:
            raise UnreadableSound(_why_no_clip(sound, cutting))
        is_whole = n_found == 1 and len(waiting.clip.samples) == sound.n_read and sound.why_broken is None
        yield FoundClip(waiting.clip, waiting.start_row, info, is_whole)
        if sound.why_broken is not None:
            raise UnreadableSound(sound.why_broken)


def read_whole(path: Path) -> tuple[Clip, SoundInfo]:
    """All of a file of this machine as one clip.

    Raises: UnreadableSound for what is no sound, breaks off, holds no samples, or is larger than 256 MB.
    """
    with opened(path) as sound:
        blocks, n_rows = [], _MOST_BYTES // (_BYTES_PER_SAMPLE * sound.info.n_channels)
        for block in sound.blocks():
            blocks.append(block)
            if sound.n_read > n_rows:
                raise UnreadableSound(
                    f"is longer than {n_rows / sound.info.rate_hz:,.0f} s, which is {_MOST_BYTES:,} bytes as 16 bits; "
                    "cut it into clips with source.kind audio"
                )
        if sound.why_broken is not None or not blocks:
            raise UnreadableSound(sound.why_broken or _NO_SAMPLES)
        return Clip(np.concatenate(blocks), sound.info.rate_hz), sound.info


def decoded(content: bytes) -> Clip:
    """The clip in the bytes of a sound file, of any format. Raises: UnreadableSound as `read_whole` does."""
    try:
        return clip_of(content)
    except InvalidInput:
        with tempfile.NamedTemporaryFile() as copy:
            copy.write(content)
            copy.flush()
            return read_whole(Path(copy.name))[0]


class ClipsAgain:
    """Reads clips of files again; the file read last stays open, so that the clips after it cost little."""

    def __init__(self) -> None:
        """Opens nothing yet."""
        self._path: Path | None = None
        self._sound: OpenSound | None = None

    def read(self, path: Path, place: str | None) -> Clip:
        """The clip at a place of a file, or all of it for None.

        Raises: UnreadableSound as `read_clips` does; ValueError for what is no place.
        """
        if place is None:
            return read_whole(path)[0]
        start_s, end_s = seconds_of(place)
        sound = self._at(path, start_s)
        first, last = round(start_s * sound.info.rate_hz), round(end_s * sound.info.rate_hz)
        sound.go_to(first)
        return Clip(sound.read(last - first), sound.info.rate_hz)

    def close(self) -> None:
        """Close what is open."""
        if self._sound is not None:
            self._sound.close()
        self._path, self._sound = None, None

    def _at(self, path: Path, start_s: float) -> OpenSound:
        sound = self._sound
        is_open = sound is not None and path == self._path
        if sound is not None and is_open and (sound.info.is_seekable or sound.n_read <= start_s * sound.info.rate_hz):
            return sound
        self.close()
        self._path, self._sound = path, OpenSound(path)
        return self._sound


def seconds_of(place: str) -> tuple[float, float]:
    """Beginning and end of a place in seconds. Raises: ValueError for what is no place."""
    found = _PLACE.fullmatch(place)
    if found is None:
        raise ValueError(f"{place!r} is no place in a sound; write t=00:00:10,00:00:20")
    hours, minutes, seconds, *end = found.groups()
    start_s = 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    return start_s, 3600 * int(end[0]) + 60 * int(end[1]) + float(end[2])


def _clock(seconds: float) -> str:
    """Hours, minutes and seconds to the millionth, which is finer than one sample, without zeros at the end."""
    whole, millionths = divmod(round(seconds * 1_000_000), 1_000_000)
    minutes, left = divmod(whole, 60)
    clock = f"{minutes // 60:02d}:{minutes % 60:02d}:{left:02d}"
    return f"{clock}.{millionths:06d}".rstrip("0") if millionths else clock


def _check_size(info: SoundInfo, cutting: Cutting, max_bytes: int) -> None:
    longest_s = min(cutting.clip_s, info.promised_s)
    n_bytes = _HEADER_BYTES + round(longest_s * info.rate_hz) * info.n_channels * _BYTES_PER_SAMPLE
    if n_bytes > max_bytes:
        raise UnreadableSound(
            f"has {info.n_channels} channels at {info.rate_hz:,} Hz, so that a clip of {longest_s:g} s has {n_bytes:,} "
            f"bytes, max_sample_bytes is {max_bytes:,}; lower source.clip_s or raise source.max_sample_bytes"
        )


def _why_no_clip(sound: OpenSound, cutting: Cutting) -> str:
    if sound.why_broken is not None:
        return f"{sound.why_broken}; repair it or fetch it again"
    if not sound.n_read:
        return _NO_SAMPLES
    return (
        f"is silent: no 20 ms of its {sound.n_read / sound.info.rate_hz:,.1f} s reach {cutting.silence_db:g} dB; lower "
        "source.clip_silence_db or remove it"
    )
