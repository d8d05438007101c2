"""A picture as the rules look at it: measured once, in one small size, so that its pixels need not stay in memory."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_engine.filtering.picture_duplicates import sketch_of
from data_engine.pictures import DecodedPicture

#: Rules look at pictures whose longer side is at most this long; smaller ones are looked at as they are.
LOOK_PX = 256


@dataclass(frozen=True)
class PictureLook:
    """What is kept of a picture for the rules and the search for duplicates.

    Attributes:
        width_px: Of the stored picture, upright.
        height_px: Of the stored picture, upright.
        pixels: (h, w, 3) uint8, no side longer than `LOOK_PX`.
        sketch: As `picture_duplicates.sketch_of` gives it.
    """

    width_px: int
    height_px: int
    pixels: NDArray[np.uint8]
    sketch: bytes

    @cached_property
    def planes(self) -> tuple[NDArray[np.uint8], ...]:
        """Red, green and blue, (h, w) each and whole in memory, which is many times as quick to compute with."""
        return tuple(np.ascontiguousarray(self.pixels[..., channel]) for channel in range(3))

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """(3, 256) pixels at each shade of red, green and blue."""
        return np.array(Image.fromarray(self.pixels).histogram(), dtype=np.int64).reshape(3, 256)

    @cached_property
    def grey(self) -> NDArray[np.float32]:
        """(h, w) luma from 0 to 255 (ITU-R BT.601)."""
        weights = np.array([0.299, 0.587, 0.114], dtype=np.float32)
        luma: NDArray[np.float32] = self.pixels.astype(np.float32) @ weights
        return luma

    @cached_property
    def shades(self) -> NDArray[np.float64]:
        """Share of the pixels at each of the 256 shades of grey."""
        counts = np.bincount(np.rint(self.grey).astype(np.int64).ravel(), minlength=256)
        shares: NDArray[np.float64] = counts / self.grey.size
        return shares


def look_at(decoded: DecodedPicture) -> PictureLook | None:
    """The look of a picture; None for one that cannot be read."""
    picture = decoded.picture
    if picture is None:
        return None
    sketch = sketch_of(picture)
    longest = max(picture.size)
    if longest > LOOK_PX:
        size = (max(1, round(picture.width * LOOK_PX / longest)), max(1, round(picture.height * LOOK_PX / longest)))
        picture = picture.resize(size, Image.Resampling.BOX, reducing_gap=2.0)
    width, height = decoded.width_px or picture.width, decoded.height_px or picture.height
    return PictureLook(width, height, np.asarray(picture), sketch)
