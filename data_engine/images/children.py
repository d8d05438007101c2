"""Children of images: the same image with one thing changed, to be asked about as an image of its own.

Which children are asked about is decided in `labeling/strategies/synthesis.py`.
"""

from collections.abc import Callable, Mapping
from io import BytesIO

from PIL import Image, ImageEnhance

from data_engine.images.thumbnails import thumbnail

_KEPT = 0.75
_BRIGHTNESS = 0.6
_CONTRAST = 0.5


def _cropped(image: Image.Image) -> Image.Image:
    """The middle of the image, with three quarters of each side."""
    width, height = (max(1, round(side * _KEPT)) for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _darkened(image: Image.Image) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(_BRIGHTNESS)


def _flattened(image: Image.Image) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(_CONTRAST)


#: How each of `schemas.child_ids.CHANGES` is made: its middle alone, 60 % of its brightness, half its contrast.
CHANGED_BY: Mapping[str, Callable[[Image.Image], Image.Image]] = {
    "crop": _cropped,
    "brightness": _darkened,
    "contrast": _flattened,
}


def changed(image: Image.Image, change: str) -> Image.Image:
    """An RGB image with one of `CHANGED_BY`; the image itself where nothing is to be changed."""
    return CHANGED_BY[change](image) if change else image


def changed_thumbnail(content: bytes, change: str) -> bytes:
    """The thumbnail of a child, out of that of its parent, as a JPEG."""
    return thumbnail(changed(Image.open(BytesIO(content)).convert("RGB"), change))
