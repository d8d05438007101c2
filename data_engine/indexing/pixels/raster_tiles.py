"""Sources of satellite scenes, which are cut into square tiles; each of them is a sample of modality raster.

GDAL trusts what a file says of itself, so scenes are read in a process of their own. What a scene and a tile are is in
`data_engine.rasters`; tiles of plain images are read in `image_tiles.py`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO

from data_engine.indexing.files import not_opened
from data_engine.indexing.isolation.reader_process import Limits, ReaderKilled, borrowed_reader
from data_engine.indexing.opening.patience import Patience
from data_engine.indexing.samples import RawSample, sample_id_of_bytes
from data_engine.indexing.source_files import EPOCH, Find, ReadOptions, SourceFile, is_packed, local_copy, open_file
from data_engine.indexing.uris import part_uri, path_of
from data_engine.rasters.cutting import cut_scene
from data_engine.rasters.scene import Scene, UnreadableScene, opened_scene
from data_engine.rasters.settings import Raster
from data_engine.rasters.tile_grid import window_of

if TYPE_CHECKING:
    from upath import UPath

MEDIA_TYPE = "image/x-raster-tile"
_MOST_DEATHS = 20
_REMEDY = "; repair or convert the scene, or raise source.max_sample_s or source.max_reader_bytes if it is only large"


@dataclass(frozen=True)
class _SeenTile:
    """What the raw index holds of a tile; of the whole scene where `place` is empty."""

    place: str
    sample_id: str = ""
    n_bytes: int = 0
    side_px: int = 0
    thumbnail: bytes | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


def read_raster_tiles(file: SourceFile, source: ReadOptions) -> Iterator[RawSample]:
    """The tiles of a scene as samples, row by row; their uris end in `#window=left,top,width,height`.

    A scene that no tile can be cut from is an unreadable sample, and so is each window of a truncated one that is lost.
    """
    with _local_if_packed(file, source.patience) as local:
        for seen in _seen_tiles(local, file.uri, source):
            place = file.uri if not seen.place else part_uri(file.uri, seen.place)
            if seen.error is not None:
                yield not_opened(replace(file, uri=place), seen.error)
                continue
            yield RawSample(
                sample_id=seen.sample_id,
                uri=place,
                n_bytes=seen.n_bytes,
                arrived_at=file.modified_at,
                media_type=MEDIA_TYPE,
                width_px=seen.side_px,
                height_px=seen.side_px,
                thumbnail=seen.thumbnail,
                metadata=seen.metadata,
            )


def find_raster_tiles(folder: "Path | UPath", source: ReadOptions) -> Find:
    """Reads the bytes of a tile again, by its uri `scene.tif#window=left,top,width,height`; one scene is held open."""
    scenes = _OpenScene(folder, source)

    def find(uri: str, _metadata: str) -> bytes:
        scene, _, place = uri.rpartition("#")
        return scenes.read(scene, place)

    return find


class _OpenScene:
    """The scene that was asked for last, which one thread at a time reads."""

    def __init__(self, folder: "Path | UPath", source: ReadOptions) -> None:
        self._folder, self._source, self._lock = folder, source, Lock()
        self._name = ""
        self._scene: Scene | None = None

    def read(self, name: str, place: str) -> bytes:
        """The bytes of a tile. Raises: OSError or ValueError where there is none."""
        with self._lock:
            try:
                if self._scene is None or name != self._name:
                    self._scene = self._opened(name)
                    self._name = name
                return self._scene.read(window_of(place)).content()
            except UnreadableScene as error:
                raise ValueError(str(error)) from error

    def _opened(self, name: str) -> Scene:
        if self._scene is not None:
            self._scene.close()
            self._scene = None
        path = path_of(self._folder, name)
        file = SourceFile(path, name, path.stat().st_size, EPOCH)
        # A packed scene is unpacked to a file that has lost its name once it is open.
        with _local_if_packed(file, self._source.patience) as local:
            return opened_scene(_opener(local.path, self._source.patience), local.n_bytes, _raster_of(self._source))


def _seen_tiles(file: SourceFile, uri: str, source: ReadOptions) -> Iterator[_SeenTile]:
    """What is seen of the tiles of a scene; one that ends the process which reads it is left out, and says so."""
    limits = Limits(source.max_sample_s, source.max_reader_bytes)
    side_px = source.tile_px or 0
    step_px = source.tile_step_px or side_px
    n_seen = n_deaths = 0
    while True:
        work = (see_tiles, file.path, source.patience, uri, file.n_bytes, _raster_of(source), side_px, step_px, n_seen)
        try:
            with borrowed_reader() as reader:
                for seen in reader.ask(*work, limits=limits, each=True):
                    n_seen += 1
                    yield seen
            return
        except ReaderKilled as error:
            n_deaths, n_seen = n_deaths + 1, n_seen + 1
            if n_seen == 1 or n_deaths > _MOST_DEATHS:
                yield _SeenTile("", error=f"{error} while it read this scene{_REMEDY}")
                return
            yield _SeenTile(f"tile={n_seen}", error=f"{error} while it read this tile{_REMEDY}")


def see_tiles(
    path: "Path | UPath",
    patience: Patience,
    uri: str,
    n_bytes: int,
    raster: Raster,
    side_px: int,
    step_px: int,
    n_done: int,
) -> Iterator[_SeenTile]:
    """Cut a scene in this process; only what the raw index holds of its tiles is given back."""
    from data_engine.images import image_of, thumbnail

    tiles = cut_scene(_opener(path, patience), uri, n_bytes, raster, side_px=side_px, step_px=step_px, n_done=n_done)
    for cut in tiles:
        place = "" if cut.window is None else cut.window.name
        if cut.error is not None or cut.preview is None:
            yield _SeenTile(place, error=cut.error)
        else:
            small = thumbnail(image_of(cut.preview))
            yield _SeenTile(place, sample_id_of_bytes(cut.content), cut.n_bytes, side_px, small, cut.metadata)


@contextmanager
def _local_if_packed(file: SourceFile, patience: Patience) -> Iterator[SourceFile]:
    """The file, or a copy of a packed one on this machine: GDAL jumps in it, and packings do not."""
    if not is_packed(file.path, patience):
        yield file
        return
    with local_copy(file, patience) as copy:
        yield replace(copy, n_bytes=copy.path.stat().st_size)


def _opener(path: "Path | UPath", patience: Patience) -> "Path | Callable[[], BinaryIO]":
    return path if isinstance(path, Path) else partial(open_file, path, patience)


def _raster_of(source: ReadOptions) -> Raster:
    return source.raster or Raster()
