"""Sources whose sound files are cut into clips, each of which is a sample.

Sounds that are samples as a whole are looked at in `looking.py`.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from data_engine.indexing.files import not_opened
from data_engine.indexing.isolation.reader_process import Limits, ReaderKilled, borrowed_reader
from data_engine.indexing.samples import RawSample
from data_engine.indexing.sounds.seen_clips import SeenClip, see_clips
from data_engine.indexing.source_files import EPOCH, Find, ReadOptions, SourceFile, local_copy
from data_engine.indexing.uris import part_uri, path_of
from data_engine.sound.clip import wav_bytes
from data_engine.sound.cutting import Cutting
from data_engine.sound.opening import UnreadableSound
from data_engine.sound.reading import ClipsAgain, seconds_of

if TYPE_CHECKING:
    from upath import UPath

_REMEDY = "repair it, or raise source.max_sample_s or source.max_reader_bytes where it is only long"


def read_sound_clips(file: SourceFile, source: ReadOptions) -> Iterator[RawSample]:
    """The clips of a sound file as samples; a clip's id is the hash of its samples as a WAV file of 16 bits.

    A file that cannot be read is an unreadable sample; so is, after the clips before it, the rest of one that breaks
    off, with the second from which it is missing in its uri.
    """
    with local_copy(file, source.patience) as local:
        limits = Limits(source.max_sample_s, source.max_reader_bytes)
        work = (see_clips, local.path, cutting_of(source), source.max_sample_bytes)
        end, known = "", 0
        try:
            with borrowed_reader() as reader:
                for seen in reader.ask(*work, limits=limits, each=True):
                    if seen.error is not None:
                        yield _lost(file, end, seen.error)
                        return
                    known += 1
                    end = seen.place.partition(",")[2] if seen.place else end
                    yield _sample(file, seen)
        except ReaderKilled as error:
            yield _lost(file, end, f"{error}; {_REMEDY}")


def find_sound_clips(folder: "Path | UPath", source: ReadOptions) -> Find:
    """Reads a clip of the files of a folder again, by its uri `file.mp3#t=00:00:10,00:00:20`; one file stays open."""
    again, copies, held = ClipsAgain(), ExitStack(), dict[str, Path]()

    def find(uri: str, _metadata: str) -> bytes:
        name, place = _parts(uri)
        if name not in held:
            copies.close()
            held.clear()
            file = SourceFile(path_of(folder, name), name, 0, EPOCH)
            held[name] = Path(str(copies.enter_context(local_copy(file, source.patience)).path))
        try:
            return wav_bytes(again.read(held[name], place))
        except UnreadableSound as error:
            raise OSError(str(error)) from error

    return find


def cutting_of(source: ReadOptions) -> Cutting:
    """How the options of a source say that its sounds are cut."""
    usual = Cutting()
    return Cutting(
        clip_s=source.clip_s or usual.clip_s,
        step_s=source.clip_step_s,
        silence_db=source.clip_silence_db,
        pause_s=source.clip_pause_s or usual.pause_s,
        min_s=source.clip_min_s or usual.min_s,
    )


def _parts(uri: str) -> tuple[str, str | None]:
    """The file of a clip, and its place there."""
    name, _, place = uri.rpartition("#")
    try:
        seconds_of(place)
    except ValueError:
        return uri, None
    return name, place


def _sample(file: SourceFile, seen: SeenClip) -> RawSample:
    return RawSample(
        sample_id=seen.sample_id,
        uri=part_uri(file.uri, seen.place) if seen.place else file.uri,
        n_bytes=seen.n_bytes,
        arrived_at=file.modified_at,
        media_type=seen.media_type,
        thumbnail=seen.thumbnail,
        metadata=seen.metadata,
    )


def _lost(file: SourceFile, end: str, error: str) -> RawSample:
    """What stands in the place of a file, or of all that it held from `end` on."""
    if not end:
        return not_opened(file, error)
    said = f"is lost from {end} on: {error}; repair the file or fetch it again"
    return not_opened(replace(file, uri=part_uri(file.uri, f"t={end}")), said)
