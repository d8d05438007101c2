"""A tile of a raster as the rules look at it: measured once, so that its pixels need not stay in memory."""

from dataclasses import dataclass

from data_engine.duplicates.rasters.pixel_sketch import sketch_of
from data_engine.rasters.description import DescribedTile
from data_engine.rasters.measures import RasterMeasures, measures_of


@dataclass(frozen=True)
class RasterLook:
    """Measures and sketch of a tile, for the rules and the search for duplicates.

    Attributes:
        measures: Of all its pixels.
        sketch: As `duplicates.rasters.pixel_sketch.sketch_of` gives it.
    """

    measures: RasterMeasures
    sketch: bytes


def look_at_tile(found: DescribedTile) -> RasterLook:
    """The look of a tile."""
    return RasterLook(measures_of(found), sketch_of(found.tile))
