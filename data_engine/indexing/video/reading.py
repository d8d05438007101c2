"""read_video and find_video: frames of video files as image samples, and the bytes of one of them again.

A frame knows its video, its time and the frames before and after it, which later steps carry masks along.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

from data_engine.indexing.files import broken_off, media_sample, not_opened
from data_engine.indexing.isolation.reader_process import Limits, ReaderKilled, borrowed_reader
from data_engine.indexing.samples import RawSample, parse_json, sample_id_of_bytes
from data_engine.indexing.source_files import EPOCH, Find, ReadOptions, SourceFile, local_copy
from data_engine.indexing.uris import part_uri, path_of
from data_engine.indexing.video.frame_choice import frame_choice
from data_engine.indexing.video.frames import Frame, Stop, read_frames

if TYPE_CHECKING:
    from pathlib import Path

    from upath import UPath

    from data_engine.indexing.video.player import DecodedFrame, Player

_REMEDY = "repair it, or raise source.max_sample_s or source.max_reader_bytes where it is only large"
#: Digits of the number of a frame, so that the order of uris is that of time.
_DIGITS = 7
#: A frame this much later is come by sooner by decoding on than by searching the file.
_DECODE_ON_S = 4.0
_SEARCH_EARLIER_S = 2.0


def read_video(file: SourceFile, source: ReadOptions) -> Iterator[RawSample]:
    """The chosen frames of a video file as image samples; their content are PPM files.

    Columns: `video` (uri of the file), `frame` (number of the frame from 0), `time_s` (seconds after the first frame),
    `frame_rate` (frames a second of the file), `previous_uri`, `previous_id`, `next_uri` and `next_id` (the samples
    before and after it in the same video), `pts` and `content_id`, by which it is found again.

    Of a file that is damaged or cut short the frames before are samples, and one unreadable sample names the file.
    """
    before: RawSample | None = None
    held: RawSample | None = None
    last = "its start"
    with local_copy(file, source.patience) as local:
        for each in _frames(local, source):
            if isinstance(each, Stop):
                if held is not None:
                    yield _with_neighbours(held, before, None)
                    held = None
                yield _stopped(file, each, last)
                continue
            last = f"frame {each.number} at {each.time_s:.2f} s"
            sample = _sample(file, each)
            if held is not None:
                yield _with_neighbours(held, before, sample)
            before, held = held, sample
    if held is not None:
        yield _with_neighbours(held, before, None)


def find_video(folder: "Path | UPath", source: ReadOptions) -> Find:
    """Reads a frame of the videos of a folder again, by its uri and columns; the last video stays open.

    A frame is looked for from the key frame before it. Where that gives other pixels than were indexed, as in files
    that cannot be searched well, the video is read from its start.
    """
    cursor, lock = _Cursor(folder, source), Lock()

    def find(uri: str, metadata: str) -> bytes:
        columns = parse_json(metadata)
        with lock:
            return cursor.content(uri.rpartition("#")[0], columns["frame"], columns["pts"], columns["content_id"])

    return find


class _Cursor:
    """An open video, and how far it is decoded."""

    def __init__(self, folder: "Path | UPath", source: ReadOptions) -> None:
        self._folder, self._source = folder, source
        self._open = ExitStack()
        self._uri = ""
        self._player: Player | None = None
        self._frames: Iterator[DecodedFrame] = iter(())
        self._at_s = 0.0

    def content(self, uri: str, number: int, pts: int | None, content_id: str) -> bytes:
        player = self._player_of(uri)
        if pts is not None:
            for found in self._ways_to(player, pts):
                if found is not None and sample_id_of_bytes(found) == content_id:
                    return found
        return self._from_start(player, number)

    def _from_start(self, player: "Player", number: int) -> bytes:
        import av

        self._frames = player.frames_from(None)
        try:
            for at, shown in enumerate(self._frames):
                if at == number:
                    self._at_s = shown.time_s
                    return player.content(shown.frame)
        except av.FFmpegError as error:
            raise ValueError(f"frame {number} cannot be decoded any more ({error})") from error
        raise ValueError(f"it has no frame {number} any more")

    def _player_of(self, uri: str) -> "Player":
        from data_engine.indexing.video.player import Player

        if self._player is None or uri != self._uri:
            self._open.close()
            self._player, self._frames, self._uri = None, iter(()), uri
            file = SourceFile(path_of(self._folder, uri), uri, 0, EPOCH)
            local = self._open.enter_context(local_copy(file, self._source.patience))
            self._player = self._open.enter_context(Player(local.path, self._source.max_pixels))  # type: ignore[arg-type]
        return self._player

    def _ways_to(self, player: "Player", pts: int) -> Iterator[bytes | None]:
        """The frame of a time stamp as each way of coming by it gives it, the quickest first."""
        if 0 <= player.seconds(pts) - self._at_s <= _DECODE_ON_S:
            yield self._until(player, pts)
        for earlier_s in (0.0, _SEARCH_EARLIER_S):
            self._frames = player.frames_from(pts - player.stamps(earlier_s))
            yield self._until(player, pts)

    def _until(self, player: "Player", pts: int) -> bytes | None:
        import av

        try:
            for shown in self._frames:
                if shown.pts is not None and shown.pts >= pts:
                    self._at_s = player.seconds(shown.pts)
                    return player.content(shown.frame) if shown.pts == pts else None
        except (av.FFmpegError, ValueError):
            # It may be come by in another way.
            self._frames = iter(())
        return None


def _frames(local: SourceFile, source: ReadOptions) -> Iterator[Frame | Stop]:
    """The frames, decoded in a process that may die of them."""
    limits, last = Limits(source.max_sample_s, source.max_reader_bytes), None
    try:
        with borrowed_reader() as reader:
            for each in reader.ask(read_frames, local.path, frame_choice(source), limits=limits, each=True):
                if each is not None:
                    last = each
                    yield each
    except ReaderKilled as error:
        yield Stop(f"{error} while it read on; {_REMEDY}", is_damage=last is not None)


def _stopped(file: SourceFile, stop: Stop, last: str) -> RawSample:
    """The unreadable sample that stands for what of a file is not read."""
    if stop.is_damage and last != "its start":
        return broken_off(file, last, stop.why)
    if stop.number < 0 or stop.is_damage:
        return not_opened(file, stop.why)
    where = f"frame {stop.number} at {stop.time_s:.2f} s"
    return not_opened(file, f"{stop.why}; what comes from {where} on is not read: split it or raise that")


def _sample(file: SourceFile, frame: Frame) -> RawSample:
    uri = part_uri(file.uri, f"frame={frame.number:0{_DIGITS}}")
    sample = media_sample(replace(file, uri=uri, n_bytes=len(frame.content)), frame.content)
    columns = {
        "video": file.uri,
        "frame": frame.number,
        "time_s": round(frame.time_s, 6),
        "frame_rate": frame.frame_rate,
        "pts": frame.pts,
        "content_id": sample.sample_id,
    }
    return replace(sample, metadata=columns)


def _with_neighbours(sample: RawSample, before: RawSample | None, after: RawSample | None) -> RawSample:
    columns: dict[str, Any] = {}
    for name, other in (("previous", before), ("next", after)):
        columns[f"{name}_uri"] = None if other is None else other.uri
        columns[f"{name}_id"] = None if other is None else other.sample_id
    return replace(sample, metadata={**sample.metadata, **columns})
