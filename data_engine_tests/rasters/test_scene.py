"""Scenes that can be read, and files that no scene can be cut from."""

import io
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
import rasterio
from drawn_scenes import noise, write_by_control_points, write_rotated, write_scene
from rasterio.transform import from_origin

from data_engine.rasters.scene import Scene, UnreadableScene, open_scene, sample_windows
from data_engine.rasters.settings import Raster
from data_engine.rasters.tile_grid import Window

ALL = Window(0, 0, 80, 70)


def _open(path: Path, **said: object) -> AbstractContextManager[Scene]:
    return open_scene(path, path.stat().st_size, Raster(**said))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "uint32", "float32", "float64"])
@pytest.mark.parametrize("n_bands", [1, 5])
def test_a_window_has_the_pixels_and_the_place_of_the_file(tmp_path: Path, dtype: str, n_bands: int) -> None:
    pixels = noise(n_bands, 70, 80, dtype=dtype, top=100)
    with _open(write_scene(tmp_path / "a.tif", pixels)) as scene:
        tile = scene.read(Window(10, 20, 32, 16))
        assert (scene.width_px, scene.height_px, scene.dtype) == (80, 70, dtype)
        assert scene.bands == tuple(f"b{n + 1}" for n in range(n_bands))
    assert np.array_equal(tile.pixels, pixels[:, 20:36, 10:42])
    assert tile.is_valid.all()
    assert (tile.place.left, tile.place.top, tile.place.crs) == (390_100.0, 5_819_800.0, "EPSG:32633")


def test_a_cloud_optimised_file_is_read_like_any_other(tmp_path: Path) -> None:
    pixels = noise(3, 70, 80)
    path = write_scene(
        tmp_path / "a.tif", pixels, driver="COG", tiled=None, blockxsize=None, blockysize=None, photometric=None
    )
    with _open(path) as scene:
        assert np.array_equal(scene.read(ALL).pixels, pixels)


def test_values_masks_and_nan_say_where_there_is_no_data(tmp_path: Path) -> None:
    pixels = noise(2, 70, 80)
    is_valid = np.random.default_rng(1).random((70, 80)) > 0.3
    by_value = np.where(is_valid, pixels, np.uint16(0))
    by_nan = np.where(is_valid, pixels, np.nan).astype("float32")
    shown = np.where(is_valid, 255, 0)
    paths = [
        write_scene(tmp_path / "value.tif", by_value, nodata=0),
        write_scene(tmp_path / "mask.tif", pixels, mask=shown.astype("uint8")),
        write_scene(tmp_path / "alpha.tif", pixels, alpha=(shown * 257).astype("uint16")),
        write_scene(tmp_path / "nan.tif", by_nan, nodata=np.nan),
    ]
    for path in paths:
        with _open(path) as scene:
            tile = scene.read(ALL)
        assert np.array_equal(tile.is_valid, is_valid), path.name
        assert tile.pixels.shape == (2, 70, 80)
        assert not tile.pixels[:, ~is_valid].any()
    with _open(write_scene(tmp_path / "said.tif", by_value), nodata=0) as scene:
        assert np.array_equal(scene.read(ALL).is_valid, is_valid)


def test_one_band_without_data_takes_the_pixel_out_of_all(tmp_path: Path) -> None:
    pixels = noise(3, 70, 80)
    pixels[1, 5, 6] = 0
    with _open(write_scene(tmp_path / "a.tif", pixels, nodata=0)) as scene:
        tile = scene.read(ALL)
    assert np.argwhere(~tile.is_valid).tolist() == [[5, 6]]
    assert not tile.pixels[:, 5, 6].any()


def test_a_stream_is_read_at_the_places_that_a_window_needs(tmp_path: Path) -> None:
    pixels = noise(2, 640, 640)
    content = write_scene(tmp_path / "a.tif", pixels).read_bytes()
    n_read = 0

    class Counted(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            nonlocal n_read
            found = super().read(size)
            n_read += len(found)
            return found

    with open_scene(lambda: Counted(content), len(content), Raster()) as scene:
        tile = scene.read(Window(320, 320, 64, 64))
    assert np.array_equal(tile.pixels, pixels[:, 320:384, 320:384])
    assert n_read < len(content) / 4


def test_bands_have_the_names_of_the_settings_or_the_file(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", noise(2, 70, 80), names=("red", "nir"))
    with _open(path) as scene:
        assert scene.bands == ("red", "nir")
    with _open(path, bands=("one", "two")) as scene:
        assert scene.bands == ("one", "two")


def _header(n_side: int) -> bytes:
    """A TIFF of one byte a pixel in a single strip, whose header says that it has as many on each side."""
    entries = [
        (256, 4, 1, n_side), (257, 4, 1, n_side), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8),
        (277, 3, 1, 1), (278, 4, 1, n_side), (279, 4, 1, n_side), (33550, 12, 3, 200), (33922, 12, 6, 300),
        (34735, 3, 16, 400),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    content = bytearray(2000)
    content[:8] = struct.pack("<2sHI", b"II", 42, 8)
    content[8 : 8 + len(directory) + 4] = directory + b"\0" * 4
    content[200:224] = struct.pack("<3d", 10, 10, 0)
    content[300:348] = struct.pack("<6d", 0, 0, 0, 390_000, 5_820_000, 0)
    content[400:432] = struct.pack("<16H", 1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32633)
    return bytes(content)


def _bytes(content: bytes) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / "a.tif").write_bytes(content)
        return folder / "a.tif"

    return write


def _cut_off(folder: Path) -> Path:
    path = write_scene(folder / "a.tif", noise(2, 70, 80))
    path.write_bytes(path.read_bytes()[:300])
    return path


PIXELS = noise(2, 70, 80)
BAD: dict[str, tuple[Callable[[Path], Path], str]] = {
    "text": (_bytes(b"no raster at all"), "is no GeoTIFF that can be read .* convert it with gdal_translate -of COG"),
    "empty": (_bytes(b""), "is no GeoTIFF that can be read"),
    "another kind": (_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 100), "is no GeoTIFF that can be read"),
    "other files by name": (_bytes(b"<VRTDataset rasterXSize='9' rasterYSize='9'></VRTDataset>"), "is no GeoTIFF"),
    "cut off": (_cut_off, "ends after 300 bytes, before its pixels do: it is truncated"),
    "no CRS": (lambda folder: write_scene(folder / "a.tif", PIXELS, crs=None), "has no coordinate reference system"),
    "no place": (lambda folder: write_scene(folder / "a.tif", PIXELS, transform=None), r"has no place on the ground"),
    "rotated": (lambda folder: write_rotated(folder / "a.tif", PIXELS), "is rotated or sheared .* gdalwarp"),
    "control points": (lambda folder: write_by_control_points(folder / "a.tif", PIXELS), "by 3 ground control points"),
    "complex": (lambda folder: write_scene(folder / "a.tif", PIXELS.astype("complex64")), "has complex values"),
    "complex integers": (
        lambda folder: write_scene(folder / "a.tif", PIXELS.astype("complex64"), dtype="complex_int16"),
        "has complex values",
    ),
    "huge header": (_bytes(_header(1_000_000_000)), "says that it has 1,000,000,000 x 1,000,000,000 px"),
    "only alpha": (
        lambda folder: write_scene(folder / "a.tif", PIXELS[:0], alpha=np.full((70, 80), 255, "uint16")),
        "has no band of values",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(BAD))
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_file_that_no_tiles_can_be_cut_from_names_rule_and_remedy(case: str, tmp_path: Path) -> None:
    write, why = BAD[case]
    path = write(tmp_path)
    with pytest.raises(UnreadableScene, match=why) as error, _open(path):
        pass
    assert str(tmp_path) not in str(error.value)


def test_another_number_of_bands_than_is_named_is_refused(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", PIXELS)
    with (
        pytest.raises(UnreadableScene, match=r"has 2 bands, but source\.raster\.bands names 3"),
        _open(path, bands=("a", "b", "c")),
    ):
        pass


def test_a_file_in_one_great_block_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    said = {"width": 99, "height": 99, "count": 1, "dtype": "uint16", "crs": "EPSG:32633", "tiled": True}
    blocks = {"blockxsize": 16384, "blockysize": 16384, "sparse_ok": True}
    rasterio.open(path, "w", driver="GTiff", transform=from_origin(0, 0, 10, 10), **said, **blocks).close()
    with pytest.raises(UnreadableScene, match=r"in blocks of 16,384 x 16,384 px .* gdal_translate -of COG"):
        _open(path).__enter__()


def test_a_file_that_is_gone_is_told_from_a_bad_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), open_scene(tmp_path / "none.tif", 10, Raster()):
        pass


def _damaged(folder: Path) -> Path:
    """A scene whose second half is lost, but not its header."""
    path = write_scene(folder / "a.tif", noise(1, 128, 128), compress=None)
    path.write_bytes(path.read_bytes()[: 64 * 64 * 2 * 3])
    return path


def test_windows_that_a_truncated_file_has_are_read_and_others_say_so(tmp_path: Path) -> None:
    with _open(_damaged(tmp_path)) as scene:
        assert scene.read(Window(0, 0, 64, 64)).is_valid.all()
        assert scene.sample().shape[1] > 0
        with pytest.raises(UnreadableScene, match=r"the pixels of window=64,64,64,64 cannot be read .* fetch it again"):
            scene.read(Window(64, 64, 64, 64))
        with pytest.raises(UnreadableScene, match="has no window=100,0,64,64 any more"):
            scene.read(Window(100, 0, 64, 64))


def test_the_sample_of_a_scene_is_spread_over_it_and_no_larger_for_a_larger_one(tmp_path: Path) -> None:
    found = sample_windows(20_000, 40)
    assert (len(found), found[0], found[-1]) == (8, Window(0, 0, 64, 40), Window(19_936, 0, 64, 40))
    assert len(sample_windows(100_000, 100_000)) == 64
    assert sample_windows(10, 20) == [Window(0, 0, 10, 20)]


def test_a_scene_is_frozen(tmp_path: Path) -> None:
    with _open(write_scene(tmp_path / "a.tif", PIXELS, tags={"TIFFTAG_DATETIME": "2024:06:01 10:15:30"})) as scene:
        assert isinstance(scene, Scene)
        assert scene.tags["TIFFTAG_DATETIME"] == "2024:06:01 10:15:30"
        assert scene.scales == ((1.0, 0.0), (1.0, 0.0))
