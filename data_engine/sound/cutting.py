"""Where clips begin and end: by length, or by silence; a file is streamed, and no more than a clip of it is held.

The blocks come from `opening.py`.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from data_engine.sound.clip import FULL_SCALE, Samples

FRAME_S = 0.02
_MARGIN_FRAMES = 5
#: Of a clip: what is left behind the last one and no longer than that belongs to it.
_REST_SHARE = 0.05
#: (first row, (n, n_channels) samples from there on)
Piece = tuple[int, Samples]


@dataclass(frozen=True)
class Cutting:
    """How sounds are cut.

    Attributes:
        clip_s: Seconds of a clip; where silence cuts, of the longest.
        step_s: From the beginning of one clip to that of the next; None: `clip_s`, so that none overlap.
        silence_db: Level in dB of full scale below which 20 ms are silent; None cuts by length.
        pause_s: Seconds of silence that end a clip.
        min_s: A clip that is shorter goes on over a pause.
    """

    clip_s: float = 10.0
    step_s: float | None = None
    silence_db: float | None = None
    pause_s: float = 0.3
    min_s: float = 1.0


def cut(blocks: Iterable[Samples], rate_hz: int, cutting: Cutting) -> Iterator[Piece]:
    """The clips of a sound, in the order of their beginnings.

    By length, they cover all of it: the last one is as long as what is left, and where that is no more than a twentieth
    of a clip, it goes to the one before, because MP3 files end a little late. By silence, they hold what is louder
    and 0.1 s around it; one that reaches `clip_s` ends at the quietest 20 ms of its second half.

    Args:
        blocks: Its samples from the start, in blocks of any size.
        rate_hz: Their rate.
        cutting: How to cut.
    """
    if cutting.silence_db is not None:
        return _by_silence(_frames(blocks, max(1, round(rate_hz * FRAME_S))), cutting)
    clip = max(1, round(cutting.clip_s * rate_hz))
    step = clip if cutting.step_s is None else max(1, round(cutting.step_s * rate_hz))
    return _by_length(blocks, clip, min(step, clip))


def _by_length(blocks: Iterable[Samples], clip: int, step: int) -> Iterator[Piece]:
    held: list[Samples] = []
    last: Piece | None = None
    start, n_held = 0, 0
    for block in blocks:
        held.append(block)
        n_held += len(block)
        while n_held >= clip:
            whole = np.concatenate(held)
            if last is not None:
                yield last
            last = start, whole[:clip]
            held, n_held, start = [whole[step:]], n_held - step, start + step
    n_left = n_held if last is None else n_held - (clip - step)
    if last is not None and 0 < n_left <= clip * _REST_SHARE:
        last = last[0], np.concatenate([last[1], np.concatenate(held)[-n_left:]])
    if last is not None:
        yield last
    if n_left > (0 if last is None else clip * _REST_SHARE):
        yield start, np.concatenate(held)


def _frames(blocks: Iterable[Samples], n_rows: int) -> Iterator[Samples]:
    """The same samples, so many rows at a time; the last ones may be fewer."""
    rest: Samples | None = None
    for block in blocks:
        held = block if rest is None else np.concatenate([rest, block])
        whole = len(held) // n_rows * n_rows
        yield from np.split(held[:whole], whole // n_rows) if whole else ()
        rest = held[whole:]
    if rest is not None and len(rest):
        yield rest


def level_db(frame: Samples) -> float:
    """The level of (n, n_channels) samples in dB of full scale: 0 for a square wave of it, -inf for no sound at all."""
    power = float(np.mean(np.square(frame, dtype=np.float64))) / FULL_SCALE**2
    return float(10 * np.log10(power)) if power else -np.inf


class _Growing:
    """The frames of a clip that has not ended yet."""

    def __init__(self, start: int, frames: Iterable[Samples], levels: Iterable[float]) -> None:
        self.start, self.frames, self.levels = start, list(frames), list(levels)
        self.n_silent = 0

    def add(self, frame: Samples, level: float, *, is_loud: bool) -> None:
        self.frames.append(frame)
        self.levels.append(level)
        self.n_silent = 0 if is_loud else self.n_silent + 1

    def split(self, n_frames: int) -> Piece:
        """The first frames as a clip; the others stay."""
        piece = self.start, np.concatenate(self.frames[:n_frames])
        self.start += len(piece[1])
        del self.frames[:n_frames], self.levels[:n_frames]
        self.n_silent = min(self.n_silent, len(self.frames))
        return piece

    def split_at_quietest(self) -> Piece:
        half = len(self.levels) // 2
        return self.split(half + 1 + int(np.argmin(self.levels[half:])))


def _by_silence(frames: Iterable[Samples], cutting: Cutting) -> Iterator[Piece]:
    silence_db = -np.inf if cutting.silence_db is None else cutting.silence_db
    longest, pause, least = (max(1, round(s / FRAME_S)) for s in (cutting.clip_s, cutting.pause_s, cutting.min_s))
    before: deque[tuple[Samples, float]] = deque(maxlen=_MARGIN_FRAMES)
    growing: _Growing | None = None
    row = 0
    for frame in frames:
        level = level_db(frame)
        is_loud = level >= silence_db
        if growing is not None:
            growing.add(frame, level, is_loud=is_loud)
            if growing.n_silent >= pause and len(growing.frames) - growing.n_silent >= least:
                yield growing.split(_without_pause(growing))
                before.extend(zip(growing.frames, growing.levels, strict=True))
                growing = None
            elif len(growing.frames) >= longest:
                yield growing.split_at_quietest()
                if growing.n_silent == len(growing.frames):
                    before.extend(zip(growing.frames, growing.levels, strict=True))
                    growing = None
        elif is_loud:
            growing = _Growing(row - sum(len(one) for one, _ in before), *_columns(before))
            before.clear()
            growing.add(frame, level, is_loud=True)
        else:
            before.append((frame, level))
        row += len(frame)
    if growing is not None:
        yield growing.split(_without_pause(growing))


def _without_pause(growing: _Growing) -> int:
    return len(growing.frames) - max(0, growing.n_silent - _MARGIN_FRAMES)


def _columns(pairs: Iterable[tuple[Samples, float]]) -> tuple[list[Samples], list[float]]:
    listed = list(pairs)
    return [frame for frame, _ in listed], [level for _, level in listed]
