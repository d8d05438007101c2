"""An image as the rules look at it: measured once, in one small size, so that its pixels need not stay in memory."""

from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from data_engine.duplicates.images.sketch import COLOUR_SIDE, cells_of, sketch_of
from data_engine.filtering.rules.looking import Looking
from data_engine.filtering.rules.media.image_measures import ImageMeasures, measures_of
from data_engine.images import DecodedImage, PackedPixels, decode_each, words_of

#: Rules look at images whose longer side is at most this long; smaller ones are looked at as they are.
LOOK_PX = 256


@dataclass(frozen=True)
class ImageLook:
    """Size, measures and sketch of an image, for the rules and the search for duplicates.

    Attributes:
        width_px: Of the stored image, upright.
        height_px: Of the stored image, upright.
        measures: Of the image with no side longer than `LOOK_PX`.
        sketch: As `duplicates.images.sketch.sketch_of` gives it.
    """

    width_px: int
    height_px: int
    measures: ImageMeasures
    sketch: bytes


def look_at(decoded: DecodedImage) -> ImageLook | None:
    """The look of an image; None for one that cannot be read."""
    image = decoded.image
    if image is None:
        return None
    width, height = decoded.width_px or image.width, decoded.height_px or image.height
    # Whole pixels are added up first, where no side gets shorter than what is looked at.
    factors = (max(1, image.width // LOOK_PX), max(1, image.height // LOOK_PX))
    image = image if factors == (1, 1) else image.reduce(factors)
    small = image
    longest = max(image.size)
    if longest > LOOK_PX:
        factor = LOOK_PX / max(width, height)
        small = image.resize((max(1, round(width * factor)), max(1, round(height * factor))), Image.Resampling.BOX)
    measures, sketch = _measured(words_of(image), words_of(small) if small is not image else None)
    return ImageLook(width, height, measures, sketch)


def _measured(words: PackedPixels, small: PackedPixels | None) -> tuple[ImageMeasures, bytes]:
    """The measures of an image in the size of a look, where that is another one, and its sketch."""
    if small is not None:
        return measures_of(small), sketch_of(words)
    from data_engine.kernels import image_scan

    values, sketch = image_scan.measures_and_sketch(words, *cells_of(words.shape), COLOUR_SIDE)
    return ImageMeasures(*values), sketch


def looks(looking: Looking) -> Iterator[ImageLook | None]:
    """The looks of the images of a raw index, which are decoded side by side; None for an unreadable one."""

    def look(_: object, decoded: DecodedImage) -> ImageLook | None:
        looking.progress(1)
        return look_at(decoded)

    items = ((None, content) for content in looking.contents())
    return decode_each(items, look, max_pixels=looking.options.max_pixels, longer_at_least_px=LOOK_PX)
