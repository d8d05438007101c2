"""Raster: the block of a corpus' YAML that says what the values of scenes mean and how they are shown.

Sizes of tiles stand beside it in the source, as they do for images.
"""

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from data_engine.settings import Settings

Band = Annotated[str, Field(min_length=1, max_length=64)]


class Raster(Settings):
    """What the values of scenes mean, and how tiles of them are shown."""

    bands: tuple[Band, ...] | None = None
    """Names of the bands of every scene, in their order; by default what the file calls them, or b1, b2, and so on. A
    scene with another number of bands is unreadable. The alpha band of a file is a mask, and no band."""
    preview_bands: tuple[Band, ...] | None = None
    """Three bands that are shown as red, green and blue, or one that is shown in grey; by default those called red,
    green and blue (or B04, B03 and B02), else the first three, else the first."""
    stretch: tuple[Annotated[float, Field(ge=0, le=100)], Annotated[float, Field(ge=0, le=100)]] = (2.0, 98.0)
    """Percentiles of the values of a preview band that are shown as black and as white."""
    stretch_over: Literal["scene", "tile"] = "scene"
    """What the percentiles are of: a sample of the whole scene, so that tiles can be compared by eye, or each tile by
    itself, so that each shows what it has."""
    value_range: tuple[float, float] | None = None
    """Values that stand for nothing and for all of the light, such as [0, 10000] for reflectances in 16 bits. By
    default [0, 255] of 8 bits, and [0, 1] of files with a scale or an offset; of others the 1st and 99th percentile of
    the scene, with which nobody can tell what is a cloud."""
    cloud_brightness: Annotated[float, Field(gt=0, le=1)] = 0.6
    """Share of the value range at and above which a pixel without colour counts as like a cloud."""
    nodata: float | None = None
    """The value that marks pixels without data, where the files do not say it."""
    time_pattern: str | None = None
    """Regular expression that is searched in the name of each file; its group `time` is the time of the scene
    (20240601, 20240601T101530 or 2024-06-01), in place of what the file's tags say."""

    @field_validator("preview_bands")
    @classmethod
    def _are_one_or_three(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and len(value) not in (1, 3):
            raise ValueError(f"preview_bands names {len(value)} bands; name three (red, green, blue), or one")
        return value

    @field_validator("bands")
    @classmethod
    def _are_named_apart(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        twice = sorted({name for name in value or () if (value or ()).count(name) > 1})
        if twice or value == ():
            raise ValueError(f"bands names {', '.join(twice) or 'none'}{' twice' * bool(twice)}; name each band once")
        return value

    @field_validator("time_pattern")
    @classmethod
    def _has_a_time(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                names = re.compile(value).groupindex
            except re.error as error:
                raise ValueError(f"time_pattern {value!r} is no regular expression ({error}); mend it") from error
            if "time" not in names:
                raise ValueError(f"time_pattern {value!r} has no group called time; write (?P<time>...) around it")
        return value

    @model_validator(mode="after")
    def _ranges_rise(self) -> "Raster":
        for name, pair in (("stretch", self.stretch), ("value_range", self.value_range)):
            if pair is not None and not pair[0] < pair[1]:
                raise ValueError(f"{name} is {list(pair)}; the first has to be below the second")
        unknown = sorted(set(self.preview_bands or ()) - set(self.bands or self.preview_bands or ()))
        if unknown:
            raise ValueError(f"preview_bands names {unknown}; the bands are {', '.join(self.bands or ())}")
        return self
