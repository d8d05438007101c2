"""Decoded pixels of any mode as RGB of 8 bits that show what the file shows.

Ordinary images of 8 bits keep their pixels. Where the usual way would leave one shade (values that fill a small part
of their range, a white icon on a transparent ground), another one is taken that shows them. Files are decoded in
`decoding.py`.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")
#: Ranges of whole numbers of 8, 10, 12, 14 and 16 bits; cameras and scanners fill 10 to 14 bits of a file of 16.
_BIT_RANGES = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)
#: An image shows one shade when this share of it is so near to its median colour, as the rule `near_solid` has it.
_SOLID_SHARE, _NEAR_SHADES = 0.99, 4
#: What is noted of values that were scaled.
_SCALED = "scaled to 8 bits"
#: Longest side of the image that is asked whether it shows one shade.
_ASKED_PX = 256
#: The share of values, at each end, that may lie outside of the range that is shown: hot pixels and marks of no value.
_OUTLIERS = 0.005
#: Formats whose fourth channel is often left at 0 by programs that know no transparency.
_UNUSED_ALPHA = ("BMP", "DIB", "TGA")


def as_rgb(image: Image.Image) -> tuple[Image.Image, dict[str, Any]]:
    """The pixels as RGB, and what was done to them beyond a change of mode: `depth`, `background`.

    Raises: ValueError for modes that have no colours.
    """
    if image.mode in _DEEP_MODES:
        values = np.asarray(image, dtype=np.float64)
        return Image.fromarray(_shades(values, is_whole=image.mode != "F")).convert("RGB"), {"depth": _SCALED}
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        least_alpha, most_alpha = with_alpha.getchannel("A").getextrema()
        is_unused = most_alpha == 0 and image.format in _UNUSED_ALPHA
        if least_alpha != 255 and not is_unused:
            return _on_ground(with_alpha)
        return with_alpha.convert("RGB"), {}
    if image.mode == "LAB":
        return _from_lab(image), {}
    return image if image.mode == "RGB" else image.convert("RGB"), {}


def needs_low_bytes(high: Image.Image) -> bool:
    """Whether colours of 16 bits lose what they show when only their high bytes are looked at."""
    colours = high.convert("RGB")
    brightest = max(most for _, most in colours.getextrema())  # type: ignore[misc]
    return brightest < 64 or solid_share(colours) >= _SOLID_SHARE


def joined_bytes(high: Image.Image, low: Image.Image) -> tuple[Image.Image, dict[str, Any]]:
    """The colours of 16 bits as RGB, scaled like shades of 16 bits; as `as_rgb`.

    Args:
        high: RGB or RGBA, of each value the high byte.
        low: The same with the low bytes; of its alpha nothing is used.
    """
    colours = np.asarray(high)[..., :3].astype(np.uint16) * np.uint16(256) + np.asarray(low)[..., :3]
    shown = Image.fromarray(_shades(colours, is_whole=True))
    notes: dict[str, Any] = {"depth": _SCALED}
    if high.mode == "RGBA":
        shown.putalpha(high.getchannel("A"))
        shown, more = as_rgb(shown)
        notes |= more
    return shown, notes


def solid_share(image: Image.Image) -> float:
    """The share of the pixels of an image that are near its median colour in every channel; 1 is one shade."""
    factor = max(1, max(image.size) // _ASKED_PX)
    shades = np.asarray(image.reduce(factor) if factor > 1 else image).astype(np.int16)
    pixels = shades.reshape(-1, shades.shape[2] if shades.ndim == 3 else 1)
    return float((np.abs(pixels - np.median(pixels, axis=0)) <= _NEAR_SHADES).all(axis=1).mean())


def _on_ground(with_alpha: Image.Image) -> tuple[Image.Image, dict[str, Any]]:
    """Transparency laid on white; on black or grey where white would hide what is seen."""
    shown = _laid(with_alpha, 255)
    ground, share = "white", solid_share(shown)
    if share >= _SOLID_SHARE:
        for name, shade in (("black", 0), ("grey", 128)):
            other = _laid(with_alpha, shade)
            other_share = solid_share(other)
            if other_share < share:
                shown, ground, share = other, name, other_share
    return shown, {"background": ground}


def _laid(with_alpha: Image.Image, shade: int) -> Image.Image:
    ground = Image.new("RGBA", with_alpha.size, (shade, shade, shade, 255))
    return Image.alpha_composite(ground, with_alpha).convert("RGB")


def _shades(values: NDArray[Any], *, is_whole: bool) -> NDArray[np.uint8]:
    """Shades of 8 bits by the first range in which the values show more than one; the usual range where none does.

    Args:
        values: (h, w) shades or (h, w, 3) colours, which keep one range together.
        is_whole: Whether they are whole numbers.
    """
    usual = None
    for low, high in _ranges(values, is_whole=is_whole):
        # Of 16 bits there are few values and many pixels.
        steps = np.arange(65536.0) if values.dtype == np.uint16 else values
        scaled = np.nan_to_num((steps - low) * (255.0 / (high - low)), nan=0.0, posinf=255.0, neginf=0.0)
        shades = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
        shown = shades[values] if values.dtype == np.uint16 else shades
        usual = shown if usual is None else usual
        if solid_share(Image.fromarray(shown)) < _SOLID_SHARE:
            return shown
    return np.zeros(values.shape, np.uint8) if usual is None else usual


def _ranges(values: NDArray[np.float64], *, is_whole: bool) -> Iterator[tuple[float, float]]:
    """(lowest, highest) value to show as black and white: the usual range, the range there is, that without outliers.

    From 0 on, the usual range is the least of 8, 10, 12, 14 and 16 bits that holds whole numbers; for fractions it is
    [0, 1], or [0, 255] where they fill more than half of it. With negative values it is the range there is.
    """
    finite = values[np.isfinite(values)]
    if not finite.size:
        return
    least, most = float(finite.min()), float(finite.max())
    if least >= 0 and most > 0:
        yield 0.0, _usual_top(most, is_whole=is_whole)
    if least < most:
        yield least, most
        low, high = map(float, np.quantile(finite, (_OUTLIERS, 1 - _OUTLIERS)))
        if low < high:
            yield low, high


def _usual_top(most: float, *, is_whole: bool) -> float:
    if is_whole:
        return next((top for top in _BIT_RANGES if most <= top), most)
    if most <= 1.0:
        return 1.0
    return 255.0 if 127.0 < most <= 255.0 else most


def _from_lab(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    to_rgb = ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
    return ImageCms.applyTransform(image, to_rgb) or image.convert("RGB")
