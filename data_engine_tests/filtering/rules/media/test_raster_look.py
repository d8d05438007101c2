from drawn_tiles import drawn_tile

from data_engine.duplicates.rasters.pixel_sketch import SKETCH_BYTES
from data_engine.filtering.rules.media.raster_look import look_at_tile


def test_a_look_has_the_measures_and_the_sketch_of_a_tile() -> None:
    look = look_at_tile(drawn_tile(0, level=0.3))
    assert look.measures.nodata_share == 0.0
    assert abs((look.measures.brightness or 0) - 0.3) < 0.01
    assert len(look.sketch) == SKETCH_BYTES
