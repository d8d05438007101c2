"""A tile of a raster as the rules look at it: measured once, so that its pixels need not stay in memory."""

from collections.abc import Iterator
from dataclasses import dataclass

from data_engine.duplicates.rasters.pixel_sketch import sketch_of
from data_engine.errors import InvalidInput
from data_engine.filtering.rules.looking import Looking
from data_engine.rasters.description import DescribedTile, described_tile
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


def looks(looking: Looking) -> Iterator[RasterLook | None]:
    """The looks of the tiles of a raw index, one of which is in memory; None for an unreadable one."""
    for content, metadata in zip(looking.contents(), looking.raw["metadata"].to_pylist(), strict=True):
        looking.progress(1)
        if not content:
            yield None
            continue
        try:
            yield look_at_tile(described_tile(content, metadata))
        except InvalidInput:
            yield None
