"""Scenes as sources: their tiles in the raw index, and the same bytes again."""

import gzip
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_scenes import noise, write_by_control_points, write_rotated, write_scene
from upath import UPath

from data_engine.indexing.isolation.reader_process import ReaderKilled
from data_engine.indexing.pixels import raster_tiles
from data_engine.indexing.pixels.raster_tiles import find_raster_tiles, read_raster_tiles
from data_engine.indexing.samples import RawSample, sample_id_of_bytes
from data_engine.indexing.source import Source
from data_engine.indexing.source_files import EPOCH, SourceFile
from data_engine.rasters.description import described_tile


def _source(folder: object, **said: Any) -> Source:
    return Source(**{"kind": "raster_tiles", "path": str(folder), "tile_px": 32, **said})


def _file(path: Any) -> SourceFile:
    return SourceFile(path, path.name, path.stat().st_size, EPOCH)


def _read(path: Any, **said: Any) -> list[RawSample]:
    return list(read_raster_tiles(_file(path), _source(path.parent, **said)))


def test_the_tiles_of_a_scene_are_samples_whose_bytes_are_found_again(tmp_path: Path) -> None:
    pixels = noise(4, 64, 80)
    path = write_scene(tmp_path / "a#1.tif", pixels)
    samples = _read(path, tile_step_px=16)
    assert [sample.uri for sample in samples[:2]] == ["a#1.tif#window=0,0,32,32", "a#1.tif#window=16,0,32,32"]
    assert len(samples) == 3 * 4
    find = find_raster_tiles(tmp_path, _source(tmp_path))
    for sample in samples:
        content = find(sample.uri, "")
        assert sample_id_of_bytes(content) == sample.sample_id
        assert (sample.n_bytes, sample.width_px, sample.media_type) == (len(content), 32, "image/x-raster-tile")
    tile = described_tile(find(samples[5].uri, ""), samples[5].metadata)
    assert np.array_equal(tile.tile.pixels, pixels[:, 16:48, 16:48])
    assert (samples[0].thumbnail or b"")[:2] == b"\xff\xd8"


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_scene_that_cannot_be_cut_is_one_unreadable_sample_that_says_why(tmp_path: Path) -> None:
    pixels = noise(1, 40, 40)
    bad = {
        write_rotated(tmp_path / "rotated.tif", pixels): "is rotated or sheared",
        write_by_control_points(tmp_path / "points.tif", pixels): "by 3 ground control points",
        write_scene(tmp_path / "nowhere.tif", pixels, crs=None): "has no coordinate reference system",
        write_scene(tmp_path / "small.tif", pixels[:, :20]): "has 40 x 20 px, less than a tile of 32 px",
    }
    (tmp_path / "text.tif").write_text("no raster")
    for path, why in {**bad, tmp_path / "text.tif": "is no GeoTIFF that can be read"}.items():
        (sample,) = _read(path)
        assert why in (sample.error or ""), path.name
        assert sample.uri == path.name


def test_the_windows_that_a_truncated_scene_lost_are_unreadable_samples(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", noise(1, 128, 128), compress=None)
    path.write_bytes(path.read_bytes()[: 64 * 64 * 2 * 3])
    samples = _read(path, tile_px=64)
    assert [sample.error is None for sample in samples] == [True, True, False, False]
    assert samples[3].uri == "a.tif#window=64,64,64,64"
    assert len({sample.sample_id for sample in samples}) == 4
    with pytest.raises(ValueError, match="cannot be read"):
        find_raster_tiles(tmp_path, _source(tmp_path))(samples[3].uri, "")


def test_a_scene_on_a_server_and_a_packed_one_have_the_tiles_of_the_plain_file(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "plain" / "a.tif", noise(2, 64, 64))
    ids = [sample.sample_id for sample in _read(path)]
    (tmp_path / "packed").mkdir()
    packed = tmp_path / "packed" / "a.tif"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    there = UPath("file://" + str(tmp_path / "plain"))
    for found in (packed, there / "a.tif"):
        samples = _read(found)
        assert [sample.sample_id for sample in samples] == ids
        content = find_raster_tiles(found.parent, _source(tmp_path))(samples[-1].uri, "")
        assert sample_id_of_bytes(content) == ids[-1]


def test_a_tile_that_is_gone_cannot_be_found(tmp_path: Path) -> None:
    path = write_scene(tmp_path / "a.tif", noise(1, 32, 32))
    find = find_raster_tiles(tmp_path, _source(tmp_path))
    for uri in ("b.tif#window=0,0,32,32", "a.tif#window=9,9,32,32", "a.tif#1", "a.tif"):
        with pytest.raises((OSError, ValueError)):
            find(uri, "")
    assert find("a.tif#window=0,0,32,32", "")
    path.unlink()


def test_a_tile_that_ends_the_reader_is_left_out_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_scene(tmp_path / "a.tif", noise(1, 32, 96))

    class Dying:
        def __enter__(self) -> "Dying":
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def ask(self, work: Any, *arguments: Any, **_: Any) -> Any:
            for seen in work(*arguments):
                if "=32," in seen.place:
                    raise ReaderKilled("the reader was killed by signal 11 (SIGSEGV)")
                yield seen

    monkeypatch.setattr(raster_tiles, "borrowed_reader", Dying)
    first, second, third = _read(path)
    assert [first.error, third.error] == [None, None]
    assert second.uri == "a.tif#tile=2"
    assert "was killed by signal 11 (SIGSEGV) while it read this tile; repair" in (second.error or "")
    os.truncate(path, 10)
    monkeypatch.setattr(Dying, "ask", lambda *_, **__: iter(_killed()))
    (only,) = _read(path)
    assert "while it read this scene" in (only.error or "")


def _killed() -> Any:
    raise ReaderKilled("the reader ended with status 1")
    yield
