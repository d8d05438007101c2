"""Sources whose image files are cut into square tiles, each of which is a sample.

Image files that are samples themselves are read in `../files.py`.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import SourceError
from data_engine.images import decode_image
from data_engine.indexing.files import media_sample, unreadable
from data_engine.indexing.samples import RawSample
from data_engine.indexing.source_files import Find, ReadOptions, SourceFile, open_file
from data_engine.indexing.uris import part_uri, path_of

if TYPE_CHECKING:
    from pathlib import Path

    from upath import UPath

OBJECTS_BY_THRESHOLD = "objects_by_threshold"
"""The column with what a classical recipe holds to be objects; see `segmentation.thresholding`."""
#: Objects are left out of a tile that shows less of them.
_LEAST_SHARE = 0.5


def read_image_tiles(file: SourceFile, source: ReadOptions) -> Iterator[RawSample]:
    """Each tile of an image file, row by row, as an image sample; its content is a PPM file.

    Where `tile_class` names a class, the column `objects_by_threshold` has the bright regions of the whole image as
    objects of that class, cut to the tile; those of which the tile shows less than half are left out.

    Raises: SourceError for an image that is smaller than a tile.
    """
    pixels = _pixels(file.path, source)
    if isinstance(pixels, str):
        yield unreadable(file, pixels.encode(), pixels)
        return
    side, corners = source.tile_px or 0, _corners(pixels, source)
    if not corners:
        raise SourceError(
            f"{file.uri} has {pixels.shape[1]} x {pixels.shape[0]} px, less than a tile of {side} px; lower tile_px"
        )
    regions = _regions(pixels) if source.tile_class else []
    for number, (top, left) in enumerate(corners, start=1):
        place = np.s_[top : top + side, left : left + side]
        content = _ppm(pixels[place])
        metadata: dict[str, Any] = {"left_px": left, "top_px": top}
        if source.tile_class:
            shown = [region[place] for region in regions if _is_shown(region, region[place])]
            metadata[OBJECTS_BY_THRESHOLD] = _objects(shown, source.tile_class, side)
        sample = media_sample(replace(file, uri=part_uri(file.uri, number), n_bytes=len(content)), content)
        yield replace(sample, metadata=metadata)


def find_image_tiles(folder: "Path | UPath", source: ReadOptions) -> Find:
    """Reads a tile of the files of a folder again, by its uri `file.png#number`; one file is held in memory."""

    @lru_cache(maxsize=1)
    def tiles_of(file: str) -> dict[int, bytes]:
        pixels = _pixels(path_of(folder, file), source)
        if isinstance(pixels, str):
            return {}
        side, corners = source.tile_px or 0, _corners(pixels, source)
        return {
            number: _ppm(pixels[top : top + side, left : left + side])
            for number, (top, left) in enumerate(corners, start=1)
        }

    def find(uri: str, _metadata: str) -> bytes:
        file, _, number = uri.rpartition("#")
        return tiles_of(file)[int(number)]

    return find


def _pixels(path: "Path | UPath", source: ReadOptions) -> NDArray[np.uint8] | str:
    """(h, w, 3) uint8, RGB, or why the file holds no image."""
    with open_file(path, source.patience) as stream:
        content = stream.read(source.max_sample_bytes + 1)
    if len(content) > source.max_sample_bytes:
        return f"has more than {source.max_sample_bytes:,} bytes; raise source.max_sample_bytes"
    decoded = decode_image(content, max_pixels=source.max_pixels)
    return str(decoded.error) if decoded.image is None else np.asarray(decoded.image, dtype=np.uint8)


def _corners(pixels: NDArray[np.uint8], source: ReadOptions) -> list[tuple[int, int]]:
    """Top and left of every tile that lies in the image as a whole, row by row."""
    side = source.tile_px or 0
    step = source.tile_step_px or side
    height, width = pixels.shape[:2]
    return [(top, left) for top in range(0, height - side + 1, step) for left in range(0, width - side + 1, step)]


def _ppm(pixels: NDArray[np.uint8]) -> bytes:
    return b"P6\n%d %d\n255\n" % (pixels.shape[1], pixels.shape[0]) + pixels.tobytes()


def _regions(pixels: NDArray[np.uint8]) -> list[NDArray[np.bool_]]:
    from data_engine.segmentation.thresholding import bright_regions

    return bright_regions(pixels)


def _is_shown(region: NDArray[np.bool_], part: NDArray[np.bool_]) -> bool:
    return bool(np.count_nonzero(part) >= _LEAST_SHARE * np.count_nonzero(region))


def _objects(regions: list[NDArray[np.bool_]], name: str, side: int) -> dict[str, Any]:
    """Regions, cut to a tile, in the form of an answer of the kind `objects`."""
    from data_engine.segmentation.polygons import to_polygons

    objects = [
        {"class": name, "polygons": [np.asarray(ring, dtype=float).tolist() for ring in to_polygons(region)]}
        for region in regions
    ]
    return {"size": [side, side], "objects": objects}
