"""The inputs of a reader of samples: one file of a source, the way to open it, and the settings that it obeys.

Which files there are is in `listing/batches.py`; the readers themselves are listed in `registry.py`.
"""

import io
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from data_engine.indexing.opening import unpacking
from data_engine.indexing.opening.patience import USUAL_PATIENCE, Patience, PatientStream
from data_engine.indexing.opening.unpacking import unpacked

if TYPE_CHECKING:
    from upath import UPath

    from data_engine.rasters.settings import Raster

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BUFFER_BYTES = 1 << 18

#: Reads the bytes of an image again, by its uri and its metadata (JSON). Raises: OSError, ValueError, KeyError.
Find = Callable[[str, str], bytes]


@dataclass(frozen=True)
class SourceFile:
    """A file of a source as it was when the source was listed."""

    path: "Path | UPath"
    uri: str
    """POSIX path relative to the root of the source."""
    n_bytes: int
    modified_at: datetime
    """UTC; the epoch where a remote file system does not say."""
    version: str = ""
    """What the file system calls this content, an entity tag; empty for local files."""
    why_not: str | None = None
    """Why it may not be opened; None where it may."""
    is_folder: bool = False
    """Whether it stands for a whole folder that may not be opened."""


class ReadOptions(Protocol):
    """The settings of `indexing.source.Source` that readers obey; their meaning is documented there."""

    @property
    def text_column(self) -> str:
        """Column of a row that holds the text."""

    @property
    def path_column(self) -> str | None:
        """Column of a row that holds an image."""

    @property
    def id_column(self) -> str | None:
        """Column that holds the source's own id."""

    @property
    def keep_where_any(self) -> tuple[str, ...]:
        """Columns of which at least one must be true."""

    @property
    def pixel_shape(self) -> tuple[int, int] | None:
        """Height and width of images whose rows do not say it, in pixels."""

    @property
    def tile_px(self) -> int | None:
        """Side of the tiles that images are cut into, in pixels."""

    @property
    def tile_step_px(self) -> int | None:
        """Distance of one tile to the next, in pixels; None for the side of a tile."""

    @property
    def tile_class(self) -> str | None:
        """Class of the objects that a classical recipe finds in tiles; None to look for none."""

    @property
    def raster(self) -> "Raster | None":
        """What the values of scenes mean, and how their tiles are shown; None for what is usual."""

    @property
    def text_per(self) -> str | None:
        """What of a document is a text: all of it, or each page; None for all of it."""

    @property
    def max_document_bytes(self) -> int | None:
        """A larger document is unreadable; None for 100,000,000."""

    @property
    def clip_s(self) -> float | None:
        """Seconds of a clip that sounds are cut into, or of the longest where silence cuts; None for 10."""

    @property
    def clip_step_s(self) -> float | None:
        """Seconds from one clip to the next; None for those of a clip."""

    @property
    def clip_silence_db(self) -> float | None:
        """Level in dB of full scale below which sounds are cut; None to cut by length."""

    @property
    def clip_pause_s(self) -> float | None:
        """Seconds of silence that end a clip; None for 0.3."""

    @property
    def clip_min_s(self) -> float | None:
        """Seconds of a clip below which a pause does not end it; None for 1."""

    @property
    def frames_per_second(self) -> float | None:
        """Frames of each second of a video that are samples."""

    @property
    def every_seconds(self) -> float | None:
        """Seconds from one frame of a video that is a sample to the next."""

    @property
    def scene_change(self) -> float | None:
        """Difference of successive frames from which on a scene begins; None to go by time."""

    @property
    def scene_gap_s(self) -> float | None:
        """Seconds between two changes of scene at least."""

    @property
    def max_frames(self) -> int | None:
        """Samples of one video at most."""

    @property
    def max_video_s(self) -> float | None:
        """A longer video is unreadable, in seconds."""

    @property
    def follow_links(self) -> bool | tuple[str, ...]:
        """Whether links out of the source are followed, or the places that they may lead to."""

    @property
    def patience(self) -> Patience:
        """How long a server is waited for."""

    @property
    def max_sample_bytes(self) -> int:
        """A larger sample is unreadable."""

    @property
    def max_pixels(self) -> int:
        """An image with more pixels is unreadable."""

    @property
    def max_sample_s(self) -> float:
        """Seconds after which what decodes a sample is stopped."""

    @property
    def max_reader_bytes(self) -> int:
        """Memory that the process which decodes samples may take."""


def open_file(path: "Path | UPath", patience: Patience = USUAL_PATIENCE) -> io.BufferedReader:
    """The bytes of a file, unpacked when it is a gzip, bzip2, xz or zstd file.

    Whatever goes wrong while reading is an OSError: a broken connection, damaged or truncated packing, and more than
    200 bytes unpacked from one. What fails on the way to a server is tried again.
    """
    return unpacked(_stored(path, patience))


def is_packed(path: "Path | UPath", patience: Patience = USUAL_PATIENCE) -> bool:
    """Whether `open_file` unpacks the file; then each jump back in it reads it from its start."""
    with _stored(path, patience) as stream:
        return unpacking.is_packed(stream)


@contextmanager
def local_copy(file: SourceFile, patience: Patience = USUAL_PATIENCE) -> "Iterator[SourceFile]":
    """The file as one on this machine that is not packed: itself, or with a copy as its path that goes afterwards."""
    if isinstance(file.path, Path) and not is_packed(file.path):
        yield file
        return
    with tempfile.NamedTemporaryFile() as copy:
        with open_file(file.path, patience) as stream:
            shutil.copyfileobj(stream, copy, 1 << 20)
        copy.flush()
        yield replace(file, path=Path(copy.name))


def _stored(path: "Path | UPath", patience: Patience) -> io.BufferedReader:
    if not isinstance(path, Path):
        return io.BufferedReader(PatientStream(path, patience), _BUFFER_BYTES)
    if not stat.S_ISREG(path.stat().st_mode):
        # Opening a pipe waits for somebody to write into it, and a device may never end.
        raise OSError("it is a folder, pipe, socket or device; only files are read")
    stream: Any = path.open("rb")
    return stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)
