"""A video file that is open: its frames in the order in which they are shown, and each as the bytes of an image.

The same frame gives the same bytes, however it was come by: scaled by exact arithmetic, turned upright, as a PPM file.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import av

#: What is opened by its content. Playlists and image sequences are not: they name further files and addresses.
_FORMATS = "mov,matroska,avi,gif,mpegts,mpeg,flv,ogg,asf"
_EXACT = "bicubic+accurate_rnd+bitexact+full_chroma_int"
_FAST = "fast_bilinear"
_ENCRYPTED = "is encrypted; write it anew without protection, or take it out of the source"
_SMALL_PX = 64
_LARGEST_ASPECT = 8


class NoVideo(ValueError):
    """A file of which no frame can be read, and why."""


@dataclass(frozen=True)
class DecodedFrame:
    """A decoded frame and its place: `number` from 0 where the file was read from its start, else None."""

    frame: "av.VideoFrame"
    pts: int | None
    time_s: float
    number: int | None


class Player:
    """A video that is open.

    Args:
        path: Of a local file that is not packed.
        most_pixels: Of a frame.

    Raises: NoVideo for what is no video, has none in it, is encrypted, of a coding that is unknown, or too large.
    """

    def __init__(self, path: Path, most_pixels: int) -> None:
        self._path, self._most_pixels = path, most_pixels
        self._scalers: dict[tuple[Any, ...], Any] = {}
        self._container = _opened(path)
        self._stream = self._opened_stream()

    def __enter__(self) -> "Player":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    @property
    def frame_rate(self) -> float | None:
        """Frames a second, on average, as the file says it."""
        rate = self._stream.average_rate
        return float(rate) if rate else None

    @property
    def duration_s(self) -> float | None:
        """Seconds that the file claims to have; None where it does not say."""
        base = self._stream.time_base
        if self._stream.duration and base:
            return float(self._stream.duration * base)
        with suppress(KeyError, ValueError):
            hours, minutes, seconds = self._stream.metadata["DURATION"].split(":")
            return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
        is_alone = len(self._container.streams) == 1
        return self._container.duration / 1e6 if is_alone and self._container.duration else None

    def seconds(self, pts: int) -> float:
        """Seconds of a time stamp of the file."""
        return float(pts * (self._stream.time_base or 0))

    def stamps(self, seconds: float) -> int:
        """Seconds in units of the file's time stamps."""
        return round(seconds / self._stream.time_base) if self._stream.time_base else 0

    def frames(self) -> Iterator[DecodedFrame]:
        """The frames from the start; where the decoder fails, its error, after the frames before."""
        start_pts = None
        for number, frame in enumerate(self._decoded()):
            start_pts = frame.pts if number == 0 else start_pts
            time_s = self._time_of(frame, start_pts)
            if time_s is None:
                time_s = number / (self.frame_rate or 25.0)
            yield DecodedFrame(frame, frame.pts, time_s, number)

    def frames_from(self, pts: int | None) -> Iterator[DecodedFrame]:
        """The frames from a key frame before a time stamp on, or from the start; other ones where a file cannot be
        searched well."""
        if pts is None:
            self._reopen()
        else:
            self._container.seek(pts, stream=self._stream, backward=True)
        for frame in self._decoded():
            yield DecodedFrame(frame, frame.pts, self._time_of(frame, 0) or 0.0, None)

    def pixels_of(self, frame: "av.VideoFrame") -> NDArray[np.uint8]:
        """(h, w, 3), RGB, upright, of square pixels."""
        width, height = self._square(frame.width, frame.height)
        pixels = self._scaled(frame, width, height, _EXACT)
        quarters, rest = divmod(int(frame.rotation), 90)
        return np.ascontiguousarray(np.rot90(pixels, quarters)) if rest == 0 else pixels

    def content(self, frame: "av.VideoFrame") -> bytes:
        """The pixels as a PPM file."""
        pixels = self.pixels_of(frame)
        return b"P6\n%d %d\n255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes()

    def small(self, frame: "av.VideoFrame") -> NDArray[np.uint8]:
        """(h, w, 3), at most 64 px on each side, to be compared with others."""
        factor = min(1.0, _SMALL_PX / max(frame.width, frame.height))
        width, height = (max(2, round(side * factor)) for side in (frame.width, frame.height))
        return self._scaled(frame, width, height, _FAST)

    def _reopen(self) -> None:
        """From its start as it was read first: not every file can be searched for that."""
        self._container.close()
        self._container = _opened(self._path)
        self._stream = self._opened_stream()

    def _opened_stream(self) -> "av.VideoStream":
        try:
            stream = self._video_stream()
        except BaseException:
            self._container.close()
            raise
        stream.thread_type = "AUTO"
        return stream

    def _decoded(self) -> Iterator["av.VideoFrame"]:
        for packet in self._container.demux(self._stream):
            if packet.has_sidedata("encryption_info"):
                raise NoVideo(_ENCRYPTED)
            for frame in packet.decode():
                if frame.is_corrupt:
                    raise ValueError("a frame is damaged")
                self._refuse_large(frame.width, frame.height)
                yield frame

    def _time_of(self, frame: "av.VideoFrame", start_pts: int | None) -> float | None:
        if frame.pts is None or start_pts is None or frame.time_base is None:
            return None
        return float((frame.pts - start_pts) * frame.time_base)

    def _video_stream(self) -> "av.VideoStream":
        from av.stream import Disposition

        streams = [each for each in self._container.streams.video if not each.disposition & Disposition.attached_pic]
        if not streams:
            kinds = ", ".join(sorted({each.type for each in self._container.streams})) or "nothing"
            raise NoVideo(f"holds no video stream, only {kinds}; take it out of the source")
        stream = streams[0]
        if stream.codec_context is None:
            raise NoVideo("has a video stream of a coding that is unknown here; write it anew, for example as H.264")
        if stream.codec_context.codec_tag.startswith("enc"):
            raise NoVideo(_ENCRYPTED)
        self._refuse_large(stream.width, stream.height)
        return stream

    def _refuse_large(self, width: int, height: int) -> None:
        if width * height > self._most_pixels:
            raise NoVideo(
                f"has frames of {width:,} x {height:,} px, source.max_pixels is {self._most_pixels:,}; scale it down "
                "or raise max_pixels"
            )

    def _square(self, width: int, height: int) -> tuple[int, int]:
        """The size with square pixels; the side along which pixels are long grows."""
        aspect = float(self._stream.sample_aspect_ratio or 1)
        if not 1 / _LARGEST_ASPECT <= aspect <= _LARGEST_ASPECT:
            return width, height
        wide = (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))
        self._refuse_large(*wide)
        return wide

    def _scaled(self, frame: "av.VideoFrame", width: int, height: int, flags: str) -> NDArray[np.uint8]:
        key = (frame.width, frame.height, frame.format.name, frame.color_range, frame.colorspace, width, height, flags)
        if key not in self._scalers:
            if len(self._scalers) > 8:
                self._scalers.clear()
            self._scalers[key] = _scaler(frame, width, height, flags)
        graph = self._scalers[key]
        graph.push(frame)
        pixels: NDArray[np.uint8] = graph.pull().to_ndarray(format="rgb24")
        return pixels


def _opened(path: Path) -> Any:
    import av

    try:
        return av.open(f"file:{path}", options={"format_whitelist": _FORMATS, "protocol_whitelist": "file"})
    except FileNotFoundError:
        raise
    except (av.FFmpegError, ValueError) as error:
        raise NoVideo(f"is no video that can be opened ({_words(error)}); known are {_FORMATS}") from error


def _scaler(frame: "av.VideoFrame", width: int, height: int, flags: str) -> Any:
    from fractions import Fraction

    from av.filter import Graph

    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1, 1000)
    )
    nodes = [
        source,
        graph.add("scale", f"{width}:{height}:flags={flags}"),
        graph.add("format", "rgb24"),
        graph.add("buffersink"),
    ]
    graph.link_nodes(*nodes).configure()
    return graph


def _words(error: BaseException) -> str:
    return str(getattr(error, "strerror", None) or error)
