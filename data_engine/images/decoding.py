"""Bytes to an RGB image: which formats are read, and what is refused before a pixel is decoded.

Thumbnails of decoded images are in `thumbnails.py`.
"""

import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from math import ceil
from typing import Any, TypeVar

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

S = TypeVar("S")
T = TypeVar("T")

#: About a 50 megapixel camera; 150 MB as RGB.
DEFAULT_MAX_PIXELS = 50_000_000
#: The error of an image for which there was not enough memory, perhaps because others were decoded beside it.
NO_MEMORY = "there is not enough memory to decode it"
#: Raster formats only: others run programs (EPS, PDF), load drivers or hold no pixels.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "DIB", "TIFF", "PPM", "AVIF", "JPEG2000", "ICO", "TGA")
_TURNS = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT, "mirrored"),
    3: (Image.Transpose.ROTATE_180, "turned by 180 degrees"),
    4: (Image.Transpose.FLIP_TOP_BOTTOM, "flipped"),
    5: (Image.Transpose.TRANSPOSE, "mirrored along the diagonal"),
    6: (Image.Transpose.ROTATE_270, "turned by 90 degrees"),
    7: (Image.Transpose.TRANSVERSE, "mirrored along the other diagonal"),
    8: (Image.Transpose.ROTATE_90, "turned by 270 degrees"),
}
#: Least length of the shorter side that a draft of a long image leaves.
_SHORTEST_PX = 64
#: Images that one thread takes at a time, and the bytes of files after which it takes no more.
_MOST_OF_A_GROUP, _BYTES_OF_A_GROUP = 8, 1 << 18
_SIDEWAYS = (5, 6, 7, 8)
_DEEP_MODES = ("I", "F", "I;16", "I;16L", "I;16B", "I;16N")


@dataclass(frozen=True)
class DecodedImage:
    """An image as it is to be seen, or why there is none."""

    image: Image.Image | None
    """RGB; None exactly when `error` is set. Perhaps smaller than the stored one, see `decode_image`."""
    media_type: str = "application/octet-stream"
    width_px: int | None = None
    """Of the stored image after it is turned upright."""
    height_px: int | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What was done to show it: `n_frames`, `shown`, `orientation`, `mode`, `depth`, `background`; empty for plain
    colour and grey."""
    error: str | None = None


@dataclass(frozen=True)
class _Opened:
    """An image whose header was read and found within the limits; no pixel is decoded yet."""

    image: Image.Image
    media_type: str
    orientation: int
    n_frames: int


def decode_image(
    content: bytes,
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    at_least_px: int | None = None,
    longer_at_least_px: int | None = None,
) -> DecodedImage:
    """Decode the whole image to RGB, as a person would see it.

    The first frame of an animation is shown, the orientation that the camera noted is applied, transparency is laid
    on white, deeper channels are scaled to 8 bits, palettes and CMYK become RGB (without colour profiles).

    Args:
        content: The bytes of a file.
        max_pixels: An image whose header announces more is refused before anything is decoded.
        at_least_px: The caller needs no side longer than this. A JPEG is then decoded at 1/2, 1/4 or 1/8 of its
            size, both sides still at least this long, which takes a fraction of the time.
        longer_at_least_px: The same for the longer side; the shorter one may become as short as its share of that,
            but not shorter than 64 pixels.

    Returns: the image, or the reason why it cannot be read; nothing is raised for bad bytes.
    """
    (opened,) = _open_all([content], max_pixels)
    return opened if isinstance(opened, DecodedImage) else _decode(opened, at_least_px, longer_at_least_px)


def decode_each(
    items: Iterable[tuple[S, bytes]],
    then: Callable[[S, DecodedImage], T],
    *,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    at_least_px: int | None = None,
    longer_at_least_px: int | None = None,
    n_threads: int | None = None,
) -> Iterator[T]:
    """Decode images side by side, in order, and apply a function to each while its pixels are in memory.

    Items are drawn as they are needed, small ones some at a time, which spares threads from waiting for one another;
    no more than one image per thread is in memory with all its pixels.

    Args:
        items: Whatever stands for an image, and its bytes.
        then: Called once per item, on several threads; what it returns is passed on.
        max_pixels: As for `decode_image`.
        at_least_px: As for `decode_image`.
        longer_at_least_px: As for `decode_image`.
        n_threads: As many as there are cores when None.
    """
    n_threads = n_threads or os.cpu_count() or 1
    waiting: deque[Future[list[T]]] = deque()

    def decoded(opened: _Opened | DecodedImage) -> DecodedImage:
        return opened if isinstance(opened, DecodedImage) else _decode(opened, at_least_px, longer_at_least_px)

    def work(group: list[S], opened: list[_Opened | DecodedImage]) -> list[T]:
        return [then(item, decoded(each)) for item, each in zip(group, opened, strict=True)]

    with ThreadPoolExecutor(n_threads) as pool:
        for group in _groups(items):
            # Headers are read on the calling thread: the filters of warnings are shared by all threads.
            opened = _open_all([content for _, content in group], max_pixels)
            waiting.append(pool.submit(work, [item for item, _ in group], opened))
            while len(waiting) > 2 * n_threads:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()


def _groups(items: Iterable[tuple[S, bytes]]) -> Iterator[list[tuple[S, bytes]]]:
    """Items in their order, some at a time; many only where their files are small."""
    group: list[tuple[S, bytes]] = []
    n_bytes = 0
    for item, content in items:
        group.append((item, content))
        n_bytes += len(content)
        if len(group) == _MOST_OF_A_GROUP or n_bytes >= _BYTES_OF_A_GROUP:
            yield group
            group, n_bytes = [], 0
    if group:
        yield group


def _open_all(contents: list[bytes], max_pixels: int) -> list[_Opened | DecodedImage]:
    # Pillow reports damage of many kinds by many exception types, and doubtful images by warnings.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [_open(content, max_pixels) for content in contents]


def _open(content: bytes, max_pixels: int) -> _Opened | DecodedImage:
    if not content:
        return DecodedImage(None, error="empty file, not an image")
    try:
        image = Image.open(BytesIO(content), formats=_FORMATS)
        media_type = Image.MIME.get(image.format or "", f"image/{(image.format or 'unknown').lower()}")
        width, height = image.size
        if width * height > max_pixels:
            return _too_many(f"{width} x {height} pixels", max_pixels, media_type)
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        return _Opened(image, media_type, orientation, int(getattr(image, "n_frames", 1)))
    except UnidentifiedImageError:
        return DecodedImage(None, error=f"not an image in a format that is read ({', '.join(_FORMATS)})")
    except Image.DecompressionBombError:
        return _too_many(f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0)} pixels", max_pixels, "image/*")
    except Exception as error:
        return DecodedImage(None, error=_damage(error))


def _too_many(found: str, max_pixels: int, media_type: str) -> DecodedImage:
    return DecodedImage(
        None, media_type, error=f"has {found}, max_pixels is {max_pixels}; scale it down or raise max_pixels"
    )


def _decode(opened: _Opened, at_least_px: int | None, longer_at_least_px: int | None) -> DecodedImage:
    image = opened.image
    width, height = image.size
    stored_mode = image.mode
    try:
        if at_least_px is not None:
            image.draft(None, (at_least_px, at_least_px))
        elif longer_at_least_px is not None:
            factor = longer_at_least_px / max(width, height)
            image.draft(None, (max(_SHORTEST_PX, ceil(width * factor)), max(_SHORTEST_PX, ceil(height * factor))))
        image.load()
        rgb, notes = _as_rgb(image)
    except Exception as error:
        return DecodedImage(None, opened.media_type, error=_damage(error))
    if stored_mode not in ("RGB", "L", "1"):
        notes = {"mode": stored_mode, **notes}
    if opened.orientation in _TURNS:
        method, words = _TURNS[opened.orientation]
        rgb, notes = rgb.transpose(method), {**notes, "orientation": words}
    if opened.orientation in _SIDEWAYS:
        width, height = height, width
    if opened.n_frames > 1:
        notes = {**notes, "n_frames": opened.n_frames, "shown": "first frame"}
    return DecodedImage(rgb, opened.media_type, width, height, notes)


def _as_rgb(image: Image.Image) -> tuple[Image.Image, dict[str, Any]]:
    """The pixels as RGB, and what was done to them beyond a change of mode."""
    if image.mode in _DEEP_MODES:
        return _eight_bits(image).convert("RGB"), {"depth": "scaled to 8 bits"}
    if image.has_transparency_data:
        with_alpha = image.convert("RGBA")
        least_alpha, _ = with_alpha.getchannel("A").getextrema()
        if least_alpha != 255:
            white = Image.new("RGBA", image.size, (255, 255, 255, 255))
            return Image.alpha_composite(white, with_alpha).convert("RGB"), {"background": "white"}
        return with_alpha.convert("RGB"), {}
    return image if image.mode == "RGB" else image.convert("RGB"), {}


def _eight_bits(image: Image.Image) -> Image.Image:
    """Whole numbers by the range of 8, 16 or more bits that they fit in, fractions from [0, 1] or [0, 255]."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    if image.mode.startswith("I;16"):
        top = 65535.0
    else:
        largest = float(values.max(initial=0.0))
        steps = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
        top = next((step for step in steps if largest <= step), largest)
    return Image.fromarray(np.clip(np.rint(values * (255.0 / top)), 0, 255).astype(np.uint8), "L")


def _damage(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return NO_MEMORY
    words = str(error) or type(error).__name__
    if "truncated" in words.lower() or isinstance(error, EOFError):
        return f"truncated image: the file ends before the image does ({words})"
    return f"broken image: {words}"
