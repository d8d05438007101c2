"""Small versions of images, for tables, pages and the Dagster UI; `decoding.py` decodes them."""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

THUMBNAIL_PX = 128
_QUALITY = 80
_QUALITY_LARGE = 92
_MOST_PIXELS_OF_PNG = 400 * 400
_GAP_PX = 4
#: Characters of a comment that a thumbnail may carry.
_LONGEST_COMMENT = 4096


def thumbnail(image: Image.Image, side_px: int = THUMBNAIL_PX) -> bytes:
    """The image as a JPEG with no side longer than `side_px` pixels; a smaller one keeps its size."""
    longest = max(image.size)
    if longest > side_px:
        size = tuple(max(1, round(side * side_px / longest)) for side in image.size)
        image = image.resize((size[0], size[1]), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return _jpeg(image)


def shown_large(image: Image.Image, side_px: int) -> tuple[str, bytes]:
    """Media type and bytes of an image with no side longer than `side_px`: a PNG where it is small, else a JPEG."""
    if max(image.size) > side_px:
        image = image.copy()
        image.thumbnail((side_px, side_px), Image.Resampling.LANCZOS, reducing_gap=2.0)
    if image.width * image.height > _MOST_PIXELS_OF_PNG:
        return "image/jpeg", _jpeg(image, quality=_QUALITY_LARGE)
    kept = BytesIO()
    image.save(kept, "PNG")
    return "image/png", kept.getvalue()


def shrunk(image: Image.Image, side_px: int) -> Image.Image:
    """The image with its shorter side at most `side_px` pixels, and the longer one at most eight times that."""
    factor = min(1.0, max(side_px / min(image.size), side_px / max(image.size)), 8 * side_px / max(image.size))
    if factor == 1.0:
        return image
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)


def cut_out(pixels: NDArray[np.uint8], box: tuple[int, int, int, int], margin: float) -> Image.Image:
    """The part of (h, w, 3) pixels in a box (left, top, right, bottom), with a margin as a share of its longer side."""
    left, top, right, bottom = box
    reach = round(margin * max(right - left, bottom - top))
    return Image.fromarray(pixels[max(0, top - reach) : bottom + reach, max(0, left - reach) : right + reach])


def reduced(thumbnail: bytes, side_px: int) -> bytes:
    """A thumbnail with no side longer than `side_px` pixels; the same bytes where it is that small already."""
    image = Image.open(BytesIO(thumbnail))
    if max(image.size) <= side_px:
        return thumbnail
    image.thumbnail((side_px, side_px), Image.Resampling.BILINEAR)
    return _jpeg(image)


def pixels_of(thumbnail: bytes, side_px: int) -> NDArray[np.uint8]:
    """(h, w, 3) colours of a thumbnail with no side longer than `side_px`; smaller ones keep their size."""
    return np.asarray(Image.open(BytesIO(reduced(thumbnail, side_px))).convert("RGB"))


def montage(thumbnails: Sequence[bytes], *, n_columns: int, cell_px: int = 96) -> bytes:
    """Thumbnails side by side on white, row by row, as one JPEG; small ones are enlarged to their cell.

    Args:
        thumbnails: n > 0 images, as `thumbnail` gives them.
        n_columns: Images per row.
        cell_px: Sides of the square that each image is fitted into, in pixels.
    """
    n_columns = min(n_columns, len(thumbnails))
    n_rows = -(-len(thumbnails) // n_columns)
    step = cell_px + _GAP_PX
    sheet = Image.new("RGB", (n_columns * step - _GAP_PX, n_rows * step - _GAP_PX), "white")
    for number, content in enumerate(thumbnails):
        cell = _fitted(Image.open(BytesIO(content)), cell_px)
        left = (number % n_columns) * step + (cell_px - cell.width) // 2
        top = (number // n_columns) * step + (cell_px - cell.height) // 2
        sheet.paste(cell, (left, top))
    return _jpeg(sheet)


def _fitted(image: Image.Image, side_px: int) -> Image.Image:
    factor = side_px / max(image.size)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.NEAREST if factor >= 2 else Image.Resampling.BILINEAR)


def _jpeg(image: Image.Image, *, quality: int = _QUALITY) -> bytes:
    written = BytesIO()
    rgb = image.convert("RGB")
    # Pillow writes the comment of the file too; it refuses a long one, and never ends with some.
    comment = rgb.info.get("comment", b"")
    if not isinstance(comment, str | bytes) or len(comment) > _LONGEST_COMMENT:
        rgb.info.pop("comment")
    rgb.save(written, "JPEG", quality=quality)
    return written.getvalue()
