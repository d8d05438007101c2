"""read_frames: the chosen frames of a video file, for the process in which files are decoded that could do harm.

What becomes of them is in `reading.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from data_engine.indexing.video.frame_choice import FrameChoice, FrameChooser
from data_engine.indexing.video.player import DecodedFrame, NoVideo, Player

#: Frames that are decoded at most without a sign of life.
_SIGN_AFTER = 50
#: A video that ends this much earlier than it says is cut short; its sound may end later than its frames.
_SHORT_S, _SHORT_SHARE = 0.5, 0.02


@dataclass(frozen=True)
class Frame:
    """A chosen frame.

    Attributes:
        number: Of all frames of the file, from 0.
        time_s: Seconds after the first.
        pts: Its time stamp in the file; None where there are none.
        content: A PPM file.
        frame_rate: Frames a second of the file on average; None where it does not say.
    """

    number: int
    time_s: float
    pts: int | None
    content: bytes = field(repr=False)
    frame_rate: float | None = None


@dataclass(frozen=True)
class Stop:
    """Why the frames of a file end before the file does.

    Attributes:
        why: In words.
        is_damage: Whether the file is broken there, rather than longer than it may be.
        number: Of the last frame that was decoded; -1 where there was none.
        time_s: Of that frame.
    """

    why: str
    is_damage: bool
    number: int = -1
    time_s: float = 0.0


def read_frames(path: Path, choice: FrameChoice) -> Iterator[Frame | Stop | None]:
    """The chosen frames, one decoded at a time; None now and then as a sign of life; a Stop where they end early."""
    try:
        player = Player(path, choice.most_pixels)
    except NoVideo as error:
        yield Stop(str(error), is_damage=False)
        return
    with player:
        yield from _of_player(player, choice)


def _of_player(player: Player, choice: FrameChoice) -> Iterator[Frame | Stop | None]:
    import av

    chooser, n, last, before = FrameChooser(choice), 0, DecodedFrame(None, None, 0.0, -1), 0.0
    said = player.duration_s
    if said is not None and said > choice.most_s:
        yield Stop(f"has {said:,.0f} s, source.max_video_s is {choice.most_s:,.0f}; split it or raise that", False)
        return
    try:
        for shown in player.frames():
            before, last = last.time_s, shown
            if shown.time_s > choice.most_s:
                yield _stop(f"is longer than source.max_video_s, {choice.most_s:,.0f} s", last, is_damage=False)
                return
            if chooser.takes(shown.time_s, player.small(shown.frame) if chooser.compares else None):
                if n == choice.most_frames:
                    yield _stop(f"has more frames than source.max_frames, {choice.most_frames:,}", last, False)
                    return
                n += 1
                content = player.content(shown.frame)
                yield Frame(shown.number or 0, shown.time_s, shown.pts, content, player.frame_rate)
            elif (shown.number or 0) % _SIGN_AFTER == 0:
                yield None
    except (av.FFmpegError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        yield _stop(str(why), last, is_damage=last.number != -1)
        return
    end = last.time_s + max(last.time_s - before, 0.0)
    if last.number == -1:
        yield Stop("holds no frame that can be decoded; repair it or take it out of the source", is_damage=False)
    elif said is not None and end < said - max(_SHORT_S, _SHORT_SHARE * said):
        yield _stop(f"it says that it has {said:.2f} s and ends after {end:.2f} s", last, is_damage=True)


def _stop(why: str, last: DecodedFrame, is_damage: bool) -> Stop:
    return Stop(why, is_damage, -1 if last.number is None else last.number, last.time_s)
