"""Measures of images for the rules: their names, units and sources, and the one call that takes them.

The pixels are read by `kernels.image_scan`; limits are in `image_rules.py`.
"""

from typing import NamedTuple

from data_engine.images import PackedPixels


class ImageMeasures(NamedTuple):
    """Measures of an image with no side longer than `image_look.LOOK_PX`, in the kernel's order."""

    brightness: float
    """The mean shade of grey, from 0 (black) to 255 (white)."""
    entropy_bits: float
    """Of the shades of grey, rounded, from 0 (one shade) to 8 (Shannon 1948)."""
    clipped_dark_share: float
    """Of the pixels whose rounded shade is 5 or below."""
    clipped_bright_share: float
    """Of the pixels whose rounded shade is 250 or above."""
    solid_share: float
    """Of the pixels within 4 shades, in every channel, of the median colour of evenly spaced pixels."""
    sharpness: float
    """The variance of the Laplacian of the shades (Pech-Pacheco et al. 2000); NaN below 3 x 3 pixels."""
    bars_share: float
    """Of the height or width in dark bars of one shade on two opposite sides, the larger of the two."""
    colourfulness: float
    """The measure M3 of Hasler and Suesstrunk 2003: 0 for grey, 15 slightly, 33 moderately, 82 highly colourful."""
    is_greyscale: float
    """1 where no pixel's channels differ by more than 4 shades, else 0."""


def measures_of(words: PackedPixels) -> ImageMeasures:
    """Measure an image."""
    from data_engine.kernels import image_scan

    return ImageMeasures(*image_scan.measures(words))
