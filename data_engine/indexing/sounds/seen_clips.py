"""What the raw index tells of sounds, made in a process that may die of damaged files.

The sides that ask are `clips.py` and `looking.py`; decoding is in `data_engine.sound`.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data_engine.images import drawn_thumbnail
from data_engine.indexing.samples import sample_id_of_bytes
from data_engine.sound.clip import Clip, wav_bytes
from data_engine.sound.cutting import Cutting
from data_engine.sound.drawing import drawn
from data_engine.sound.opening import SoundInfo, UnreadableSound
from data_engine.sound.reading import read_clips, read_whole

WAV = "audio/wav"
_THUMBNAIL_PX = (128, 96)
_MEDIA_TYPES = {"WAV": WAV, "FLAC": "audio/flac", "OGG": "audio/ogg", "MP3": "audio/mpeg", "AIFF": "audio/aiff"}


@dataclass(frozen=True)
class SeenClip:
    """A clip without its samples; `error` where there is none."""

    sample_id: str = ""
    place: str | None = None
    """The part of its file; None for all of it."""
    n_bytes: int = 0
    media_type: str = WAV
    thumbnail: bytes | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None


def see_clips(path: Path, cutting: Cutting, max_bytes: int) -> Iterator[SeenClip]:
    """The clips of a file, and last why the rest of it cannot be read, where that is so."""
    try:
        for found in read_clips(path, cutting, max_bytes):
            content = wav_bytes(found.clip)
            times = {"start_s": round(found.start_s, 6), "end_s": round(found.end_s, 6)}
            yield SeenClip(
                sample_id_of_bytes(content),
                None if found.is_whole_file else found.place,
                len(content),
                thumbnail=_thumbnail(found.clip),
                metadata=_metadata(found.clip, found.info) | times,
            )
    except UnreadableSound as error:
        yield SeenClip(error=str(error))


def see_sounds(contents: Sequence[bytes]) -> Iterator[SeenClip]:
    """Sounds that are samples as a whole, each from the bytes of a file."""
    for content in contents:
        with tempfile.NamedTemporaryFile() as copy:
            copy.write(content)
            copy.flush()
            try:
                clip, info = read_whole(Path(copy.name))
            except UnreadableSound as error:
                yield SeenClip(error=str(error))
                continue
        media_type = _MEDIA_TYPES.get(info.format, f"audio/{info.format.lower()}")
        yield SeenClip(media_type=media_type, thumbnail=_thumbnail(clip), metadata=_metadata(clip, info))


def _thumbnail(clip: Clip) -> bytes:
    return drawn_thumbnail(drawn(clip, *_THUMBNAIL_PX))


def _metadata(clip: Clip, info: SoundInfo) -> dict[str, Any]:
    known: dict[str, Any] = {
        "duration_s": round(clip.duration_s, 6),
        "rate_hz": clip.rate_hz,
        "n_channels": clip.n_channels,
        "format": info.format,
        "encoding": info.encoding,
    }
    return {**known, "tags": dict(info.tags)} if info.tags else known
