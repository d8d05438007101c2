"""A scene: a GeoTIFF file that is opened, checked, and read a window at a time, so that it is never whole in memory.

What a file may say that no scene can be cut from is refused here, with the rule and the remedy. Where tiles lie is in
`tile_grid.py`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import SourceError
from data_engine.rasters.settings import Raster
from data_engine.rasters.tile import GroundPlace, Tile, tile_of
from data_engine.rasters.tile_grid import Window

_CACHE_BYTES = 64 << 20
_MOST_BLOCK_BYTES = 256 << 20
#: Pixels that are packed more than this are all the same, or were never there: zlib ends at 1,032 to 1, zstd at more.
_MOST_PACKED = 100_000
_STREAMED = "scene.tif"
_SIDE_OF_A_SAMPLE, _SAMPLES_ON_A_SIDE = 64, 8
_WARP = "gdalwarp -t_srs EPSG:<code> <file> <new file>"


class UnreadableScene(SourceError):
    """A file that no tiles can be cut from; the message names the rule and the remedy, but not the file."""


@dataclass(frozen=True, eq=False)
class Scene:
    """An open file and what it says of itself.

    Attributes:
        dataset: As rasterio opened it.
        bands: Names, without the alpha band.
        tags: Of the file, in all domains that say when it was taken.
        nodata: Of each band, the value of pixels without data; None where it has none.
    """

    dataset: Any
    bands: tuple[str, ...]
    tags: Mapping[str, str]
    nodata: tuple[float | None, ...]
    _numbers: tuple[int, ...]
    _alpha: tuple[int, ...]
    _has_mask: bool
    _places: GroundPlace = field(repr=False)

    @property
    def width_px(self) -> int:
        """Columns."""
        return int(self.dataset.width)

    @property
    def height_px(self) -> int:
        """Rows."""
        return int(self.dataset.height)

    @property
    def dtype(self) -> str:
        """Of its values, as numpy names it."""
        return str(self.dataset.dtypes[self._numbers[0] - 1])

    @property
    def crs(self) -> str:
        """Its coordinate reference system: an authority's code, or WKT."""
        return self._places.crs

    @property
    def scales(self) -> tuple[tuple[float, float], ...]:
        """Of each band, by what its values are multiplied, and what is added to them then, to be what they mean."""
        return tuple((float(self.dataset.scales[n - 1]), float(self.dataset.offsets[n - 1])) for n in self._numbers)

    def place_of(self, window: Window) -> GroundPlace:
        """Where a window of it lies."""
        whole = self._places
        left = whole.left + window.left_px * whole.pixel_width
        top = whole.top + window.top_px * whole.pixel_height
        return GroundPlace(whole.crs, left, top, whole.pixel_width, whole.pixel_height)

    def read(self, window: Window) -> Tile:
        """The pixels of a window. Raises: UnreadableScene where the file does not hold them."""
        import rasterio

        place = ((window.top_px, window.top_px + window.height_px), (window.left_px, window.left_px + window.width_px))
        if place[0][1] > self.height_px or place[1][1] > self.width_px:
            raise UnreadableScene(f"has no {window.name} any more; ingest its batch anew")
        try:
            with _environment():
                pixels: NDArray[Any] = self.dataset.read(self._numbers, window=place)
                is_valid = self._is_shown(place)
        except (rasterio.errors.RasterioError, OSError, ValueError) as error:
            raise UnreadableScene(
                f"the pixels of {window.name} cannot be read ({_said(error)}): the file is truncated or damaged; fetch "
                "it again"
            ) from error
        for band, nodata in zip(pixels, self.nodata, strict=True):
            if nodata is not None and nodata == nodata:
                is_valid &= band != np.asarray(nodata).astype(band.dtype)
        if pixels.dtype.kind == "f":
            is_valid &= np.isfinite(pixels).all(axis=0)
        return tile_of(pixels, is_valid, self.place_of(window))

    def _is_shown(self, place: tuple[tuple[int, int], tuple[int, int]]) -> NDArray[np.bool_]:
        """(height, width) what the alpha band or the mask of the file lets be seen."""
        if self._alpha:
            return np.asarray((self.dataset.read(self._alpha, window=place) > 0).all(axis=0))
        if self._has_mask:
            return np.asarray((self.dataset.read_masks(self._numbers, window=place) > 0).all(axis=0))
        return np.ones((place[0][1] - place[0][0], place[1][1] - place[1][0]), bool)

    def close(self) -> None:
        """Close its file."""
        self.dataset.close()

    def sample(self) -> NDArray[Any]:
        """(n_bands, n) valid values of up to 8 x 8 windows of 64 x 64 pixels that are spread over the scene.

        The same for the same file; windows that cannot be read are left out.
        """
        values = []
        for window in sample_windows(self.width_px, self.height_px):
            try:
                tile = self.read(window)
            except UnreadableScene:
                continue
            values.append(tile.pixels[:, tile.is_valid])
        return np.concatenate(values, axis=1) if values else np.empty((len(self.bands), 0))


def sample_windows(width_px: int, height_px: int) -> list[Window]:
    """Up to 8 x 8 windows of at most 64 x 64 pixels, spread evenly."""
    columns, rows = _spread(width_px), _spread(height_px)
    return [Window(left, top, width, height) for top, height in rows for left, width in columns]


def _spread(length_px: int) -> list[tuple[int, int]]:
    side = min(_SIDE_OF_A_SAMPLE, length_px)
    n = min(_SAMPLES_ON_A_SIDE, max(1, length_px // side))
    return [(round(i * (length_px - side) / max(1, n - 1)), side) for i in range(n)]


@contextmanager
def open_scene(source: Path | Callable[[], BinaryIO], n_bytes: int, raster: Raster) -> Iterator[Scene]:
    """A scene that is closed in the end; arguments and errors as of `opened_scene`."""
    scene = opened_scene(source, n_bytes, raster)
    try:
        yield scene
    finally:
        scene.close()


def opened_scene(source: Path | Callable[[], BinaryIO], n_bytes: int, raster: Raster) -> Scene:
    """Open a scene, which one thread at a time may read.

    Args:
        source: A file of this machine, or what opens a stream of its bytes that can be read at any place.
        n_bytes: Of the file, as it is stored.
        raster: What its values mean.

    Raises: UnreadableScene for what no tiles can be cut from: no GeoTIFF, truncated, without bands or a place on the
        ground, rotated, of complex values, or with a header that no file of this size can have.
    """
    import rasterio

    # A file may not name other files: of all drivers only that of GeoTIFF is asked.
    options: dict[str, Any] = {"driver": "GTiff"}
    if not isinstance(source, Path):
        options["opener"] = lambda name, *_, **__: _stream(source, name)
    with _environment():
        try:
            dataset = rasterio.open(source if isinstance(source, Path) else _STREAMED, **options)
        except (rasterio.errors.RasterioError, UnicodeError, ValueError, TypeError) as error:
            if isinstance(source, Path):
                source.stat()
            raise UnreadableScene(
                f"is no GeoTIFF that can be read ({_said(error)}): it is truncated, damaged or of another kind; fetch "
                "it again, or convert it with gdal_translate -of COG"
            ) from error
        try:
            return _checked(dataset, n_bytes, raster)
        except BaseException:
            dataset.close()
            raise


def _environment() -> Any:
    """GDAL with a bounded cache of blocks, for which it asks when a block is first read, not when a file is opened."""
    import rasterio

    return rasterio.Env(GDAL_CACHEMAX=_CACHE_BYTES, GDAL_DISABLE_READDIR_ON_OPEN=True, GDAL_NUM_THREADS="1")


def _stream(source: Callable[[], BinaryIO], name: str) -> BinaryIO:
    """The scene; no file beside it, such as GDAL looks for."""
    if name.rpartition("/")[2] != _STREAMED:
        raise FileNotFoundError(name)
    return source()


def _checked(dataset: Any, n_bytes: int, raster: Raster) -> Scene:
    if _is_cut_off(dataset, n_bytes):
        raise UnreadableScene(f"ends after {n_bytes:,} bytes, before its pixels do: it is truncated; fetch it again")
    place = _place_of(dataset)
    alpha = _alpha_of(dataset)
    numbers = tuple(number for number in dataset.indexes if number not in alpha)
    if not numbers:
        raise UnreadableScene("has no band of values; give a file with at least one")
    if any(np.dtype(_plain(dtype)).kind == "c" for dtype in dataset.dtypes):
        raise UnreadableScene(
            f"has complex values ({dataset.dtypes[0]}), which have no brightness; give its amplitude and phase, or its "
            "intensity, as bands of real values"
        )
    names = _names(dataset, numbers, raster)
    _check_sizes(dataset, n_bytes)
    if raster.nodata is not None:
        nodata: tuple[float | None, ...] = (raster.nodata,) * len(numbers)
    else:
        nodata = tuple(dataset.nodatavals[number - 1] for number in numbers)
    return Scene(dataset, names, _tags(dataset), nodata, numbers, alpha, _has_mask(dataset), place)


def _is_cut_off(dataset: Any, n_bytes: int) -> bool:
    """Whether not even the first block of pixels lies in the file; then its tags may be lost, too."""
    begin = dataset.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1) if dataset.count else None
    return begin is not None and int(begin) >= n_bytes


def _place_of(dataset: Any) -> GroundPlace:
    """Raises: UnreadableScene where the file does not say where its pixels lie, or they are not in rows and columns."""
    matrix, crs = dataset.transform, dataset.crs
    points, _ = dataset.gcps
    if matrix.is_identity and points:
        raise UnreadableScene(
            f"is placed by {len(points)} ground control points alone, so that its rows follow no axis; warp it: {_WARP}"
        )
    if matrix.is_identity or not crs:
        missing = "coordinate reference system" if not crs else "place on the ground (geotransform)"
        raise UnreadableScene(
            f"has no {missing}, so that its tiles lie nowhere; set it: gdal_edit.py -a_srs EPSG:<code> -a_ullr <left> "
            "<top> <right> <bottom> <file>; images without a place are read by kind image_tiles"
        )
    if matrix.b or matrix.d:
        raise UnreadableScene(f"is rotated or sheared (geotransform {tuple(matrix)[:6]}); warp it: {_WARP}")
    sides = (matrix.a, matrix.e, matrix.c, matrix.f)
    if not all(map(np.isfinite, sides)) or not matrix.a > 0 or not matrix.e:
        raise UnreadableScene(f"has pixels of {matrix.a} x {matrix.e} units, which no ground has; warp it: {_WARP}")
    authority = crs.to_authority()
    return GroundPlace(":".join(authority) if authority else crs.to_wkt(), matrix.c, matrix.f, matrix.a, matrix.e)


def _alpha_of(dataset: Any) -> tuple[int, ...]:
    from rasterio.enums import ColorInterp

    colours = zip(dataset.indexes, dataset.colorinterp, strict=True)
    return tuple(number for number, colour in colours if colour == ColorInterp.alpha)


def _has_mask(dataset: Any) -> bool:
    from rasterio.enums import MaskFlags

    return any(MaskFlags.per_dataset in flags for flags in dataset.mask_flag_enums)


def _plain(dtype: str) -> str:
    """The numpy name: GDAL has complex integers, which numpy has not."""
    return "complex64" if dtype.startswith("complex_int") else dtype


def _names(dataset: Any, numbers: tuple[int, ...], raster: Raster) -> tuple[str, ...]:
    if raster.bands is not None:
        if len(raster.bands) != len(numbers):
            raise UnreadableScene(
                f"has {len(numbers)} bands, but source.raster.bands names {len(raster.bands)}; name them all, or keep "
                "such files in a source of their own"
            )
        return raster.bands
    said = [(dataset.descriptions[number - 1] or "").strip() for number in numbers]
    colours = [dataset.colorinterp[number - 1].name for number in numbers]
    names = [
        name or (colour if colour in ("red", "green", "blue") else f"b{place}")
        for place, (name, colour) in enumerate(zip(said, colours, strict=True), start=1)
    ]
    return tuple(names) if len(set(names)) == len(names) else tuple(f"b{i + 1}" for i in range(len(names)))


def _check_sizes(dataset: Any, n_bytes: int) -> None:
    """Raises: UnreadableScene for a header that would take more memory or time than any honest file of this size."""
    size_of_value = max(np.dtype(dtype).itemsize for dtype in dataset.dtypes)
    n_raw = dataset.width * dataset.height * dataset.count * size_of_value
    if n_raw > max(n_bytes, 1) * _MOST_PACKED:
        raise UnreadableScene(
            f"says that it has {dataset.width:,} x {dataset.height:,} px in {dataset.count} bands, more than "
            f"{_MOST_PACKED:,} times the {n_bytes:,} bytes of the file: its header is damaged, or it is empty; fetch "
            "it again, or cut away what is empty"
        )
    # Bands that lie in one block each are decoded one after the other, those that share one are decoded together.
    shared = dataset.count if str(dataset.profile.get("interleave", "band")).lower() == "pixel" else 1
    largest = max(height * width for height, width in dataset.block_shapes) * size_of_value * shared
    if largest > _MOST_BLOCK_BYTES:
        height, width = max(dataset.block_shapes, key=np.prod)
        raise UnreadableScene(
            f"is stored in blocks of {width:,} x {height:,} px ({largest:,} bytes, at most {_MOST_BLOCK_BYTES:,} are "
            "read at once), so that every tile would take all of it; convert it: gdal_translate -of COG <file> <new>"
        )


def _tags(dataset: Any) -> dict[str, str]:
    return {**dataset.tags(ns="IMAGERY"), **dataset.tags()}


def _said(error: BaseException) -> str:
    """What a library said, without the path that it was given."""
    cause = error.__cause__ if error.__cause__ is not None else error
    said = " ".join(str(cause).split()) or type(cause).__name__
    return re.sub(r"(?:/[^\s:',]+/|/vsi\w+/\S*?/)+", "", said)[:200]
