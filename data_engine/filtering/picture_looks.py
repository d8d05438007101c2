"""A picture as the rules look at it: measured once, in one small size, so that its pixels need not stay in memory."""

from dataclasses import dataclass

from PIL import Image

from data_engine.filtering import compiling, picture_measures, picture_sketches
from data_engine.filtering.picture_measures import Measures
from data_engine.pictures import DecodedPicture, Words, words_of

#: Rules look at pictures whose longer side is at most this long; smaller ones are looked at as they are.
LOOK_PX = 256


@dataclass(frozen=True)
class PictureLook:
    """What is kept of a picture for the rules and the search for duplicates.

    Attributes:
        width_px: Of the stored picture, upright.
        height_px: Of the stored picture, upright.
        measures: Of the picture with no side longer than `LOOK_PX`.
        sketch: As `picture_sketches.sketch_of` gives it.
    """

    width_px: int
    height_px: int
    measures: Measures
    sketch: bytes


def look_at(decoded: DecodedPicture) -> PictureLook | None:
    """The look of a picture; None for one that cannot be read.

    Compiled code measures it, and NumPy where that cannot be loaded; both give the same numbers, bit for bit.
    """
    picture = decoded.picture
    if picture is None:
        return None
    width, height = decoded.width_px or picture.width, decoded.height_px or picture.height
    # Whole pixels are added up first, where no side gets shorter than what is looked at.
    factors = (max(1, picture.width // LOOK_PX), max(1, picture.height // LOOK_PX))
    picture = picture if factors == (1, 1) else picture.reduce(factors)
    small = picture
    longest = max(picture.size)
    if longest > LOOK_PX:
        factor = LOOK_PX / max(width, height)
        small = picture.resize((max(1, round(width * factor)), max(1, round(height * factor))), Image.Resampling.BOX)
    measures, sketch = _measured(words_of(picture), words_of(small) if small is not picture else None)
    return PictureLook(width, height, measures, sketch)


def _measured(words: Words, small: Words | None) -> tuple[Measures, bytes]:
    """The measures of a picture in the size of a look, where that is another one, and its sketch."""
    if not compiling.loads(compiling.PICTURES):
        return picture_measures.measures_of(words if small is None else small), picture_sketches.sketch_of(words)
    from data_engine.filtering import compiled_looks

    if small is None:
        return compiled_looks.both_of(words)
    return compiled_looks.measures_of(small), compiled_looks.sketch_of(words)
