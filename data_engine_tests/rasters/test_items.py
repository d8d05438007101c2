import json
from typing import Any

import numpy as np
import pytest
from drawn_tiles import drawn_tile

from data_engine.errors import ContentMissing
from data_engine.rasters.description import DescribedTile, described
from data_engine.rasters.items import NO_IMAGE, shown_tile, tiles_for_encoder
from data_engine.rasters.tile_grid import Window


def _row(tile: DescribedTile) -> dict[str, Any]:
    said = described(tile, Window(0, 0, 32, 32), np.zeros((4, 2)), scene="a.tif", acquired_at=None)
    return {"uri": "a.tif#1", "metadata": json.dumps(said)}


def test_an_encoder_of_bands_is_given_tiles_and_one_of_images_previews_of_its_size() -> None:
    tiles = [drawn_tile(0), drawn_tile(1, n_bands=1)]
    rows, contents = [_row(tile) for tile in tiles], [tile.tile.content() for tile in tiles]
    given = tiles_for_encoder(rows, iter(contents), None, NO_IMAGE)
    assert [np.array_equal(one.scaled, other.scaled) for one, other in zip(given, tiles, strict=True)] == [True, True]
    images = tiles_for_encoder(rows, iter(contents), None, 16)
    assert [(image.mode, image.size) for image in images] == [("RGB", (16, 16))] * 2


def test_a_page_shows_the_preview_and_bytes_that_are_no_tile_say_so() -> None:
    tile = drawn_tile(0)
    shown = shown_tile(tile.tile.content(), _row(tile), None)
    assert np.array_equal(np.asarray(shown.image), tile.preview())
    assert "are no tile of a raster" in (shown_tile(b"", _row(tile), None).error or "")
    with pytest.raises(ContentMissing, match=r"tile a\.tif#1 cannot be read any more: these bytes are no tile"):
        tiles_for_encoder([_row(tile)], iter([b""]), None, NO_IMAGE)
