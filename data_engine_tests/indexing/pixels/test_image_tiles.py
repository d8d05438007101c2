import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_engine.errors import SourceError
from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.source import Batches, Source


def _rows(folder: Path, **options: object) -> list[dict]:
    source = Source(kind="image_tiles", path=str(folder), **options)
    (files,) = list_batches(source, Batches(), folder).values()
    return read_batch(source, files, batch="b", modality="image").to_pylist()


def test_tiles_lie_row_by_row_and_only_as_a_whole(tmp_path: Path) -> None:
    image = np.random.default_rng(0).integers(0, 255, (40, 70, 3), dtype=np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    rows = _rows(tmp_path, tile_px=32, tile_step_px=16)
    places = [(json.loads(row["metadata"])["top_px"], json.loads(row["metadata"])["left_px"]) for row in rows]
    assert places == [(0, 0), (0, 16), (0, 32)]
    assert [row["uri"] for row in rows] == ["a.png#1", "a.png#2", "a.png#3"]
    assert {(row["height_px"], row["width_px"]) for row in rows} == {(32, 32)}
    assert len(_rows(tmp_path, tile_px=32)) == 2


def test_what_is_bright_is_an_object_of_the_class_in_every_tile_that_shows_half_of_it(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:64, :128]
    image = np.where(np.hypot(columns + 0.5 - 64, rows + 0.5 - 32) < 20, 220, 50).astype(np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    found = [json.loads(row["metadata"])["objects_by_threshold"] for row in _rows(tmp_path, tile_px=64, tile_class="o")]
    assert [(each["size"], [one["class"] for one in each["objects"]]) for each in found] == [([64, 64], ["o"])] * 2
    assert max(x for x, _ in found[0]["objects"][0]["polygons"][0]) == 64
    assert min(x for x, _ in found[1]["objects"][0]["polygons"][0]) == 0


def test_a_tile_that_shows_less_than_half_of_what_is_bright_leaves_it_out(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:64, :128]
    image = np.where(np.hypot(columns + 0.5 - 61, rows + 0.5 - 32) < 20, 220, 50).astype(np.uint8)
    Image.fromarray(image).save(tmp_path / "a.png")
    found = [json.loads(row["metadata"])["objects_by_threshold"] for row in _rows(tmp_path, tile_px=64, tile_class="o")]
    assert [len(each["objects"]) for each in found] == [1, 0]


def test_an_image_smaller_than_a_tile_and_one_that_is_none_say_so(tmp_path: Path) -> None:
    Image.new("L", (20, 30)).save(tmp_path / "a.png")
    with pytest.raises(SourceError, match="has 20 x 30 px, less than a tile of 32 px; lower tile_px"):
        _rows(tmp_path, tile_px=32)
    (tmp_path / "a.png").write_bytes(b"no image")
    (row,) = _rows(tmp_path, tile_px=16)
    assert not row["is_readable"]
