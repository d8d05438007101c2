"""The rules of tiles of rasters: pure functions of a tile's look, and the registry, in the order they are tried."""

from data_engine.filtering.rules.media.raster_look import RasterLook
from data_engine.filtering.rules.rule import Rule


def nodata_share(look: RasterLook) -> float:
    """The share of the pixels without data."""
    return look.measures.nodata_share


def entropy_bits(look: RasterLook) -> float | None:
    """The entropy of the greys in 256 steps of the value range, from 0 (one shade) to 8 (Shannon 1948)."""
    return look.measures.entropy_bits


def cloud_like_share(look: RasterLook) -> float | None:
    """The share of the valid pixels that are as bright as clouds in every band that is shown."""
    return look.measures.cloud_like_share


def flat_share(look: RasterLook) -> float | None:
    """The share of the valid pixels whose 3 x 3 neighbourhood is as flat as open water."""
    return look.measures.flat_share


def brightness(look: RasterLook) -> float | None:
    """The mean of the bands that are shown, as a share of the value range."""
    return look.measures.brightness


#: Every rule of tiles, in the order in which they are tried. Only what is broken for every purpose is on: what is
#: bright may be snow, and what is flat may be what somebody looks for.
RASTER_RULES: tuple[Rule, ...] = (
    Rule(
        name="without_data",
        modality="raster",
        measures="the share of the pixels without data",
        score=nodata_share,
        direction="at_most",
        default=0.5,
        source="By the mask, the alpha band or the nodata value of the file, NaN, or source.raster.nodata.",
        signal="nodata_share",
    ),
    Rule(
        name="too_plain",
        modality="raster",
        measures="the entropy of the greys in 256 steps of the value range, in bits",
        score=entropy_bits,
        direction="at_least",
        default=0.2,
        source="Shannon 1948; below 0.2 nearly all pixels have one shade.",
        signal="entropy_bits",
    ),
    Rule(
        name="cloudy",
        modality="raster",
        measures="the share of the valid pixels that are as bright as clouds in all bands that are shown",
        score=cloud_like_share,
        direction="at_most",
        default=None,
        source="Bright is source.raster.cloud_brightness; snow and roofs are, too. Not measured where the value range "
        "is the scene's own.",
        signal="cloud_like_share",
    ),
    Rule(
        name="flat",
        modality="raster",
        measures="the share of the valid pixels in neighbourhoods as flat as open water",
        score=flat_share,
        direction="at_most",
        default=None,
        source="The standard deviation of 3 x 3 greys is below a 256th of the value range.",
        signal="flat_share",
    ),
    Rule(
        name="dim",
        modality="raster",
        measures="the mean of the bands that are shown, as a share of the value range",
        score=brightness,
        direction="at_least",
        default=None,
        source="No limit is published; night and deep shadow are below 0.01. Not measured where the value range is the "
        "scene's own.",
        signal="brightness",
    ),
)
