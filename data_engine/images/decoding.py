"""Bytes to an RGB image: which formats are read, and what is refused before a pixel is decoded.

Pixels of other modes become RGB in `conversion.py`; thumbnails are in `thumbnails.py`.
"""

import sys
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import Any, TypeVar

from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError

from data_engine.images.containers import pixels_only
from data_engine.images.conversion import as_rgb, joined_bytes, needs_low_bytes

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
#: How Pillow unpacks the high bytes of colours of 16 bits, and what unpacks the low ones.
_LOW_BYTES = {f"{mode};16{one}": f"{mode};16{other}" for mode in ("RGB", "RGBA") for one, other in ("BL", "LB")}


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

    content: bytes
    image: Image.Image
    media_type: str
    orientation: int
    """As the file notes it; 1 where that stands behind the pixels."""
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
    on white (on black or grey where white would hide it), deeper channels are scaled to 8 bits, palettes and CMYK
    become RGB (without colour profiles). Only pixels decide whether an image is read: damage in profiles, camera data,
    texts and other chunks costs nothing but these.

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


def stored_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels of an image file as it is stored, not turned upright; only its header is read.

    Raises: OSError for a file that is gone or is no image.
    """
    with Image.open(path, formats=_FORMATS) as image:
        return image.size


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
    from joblib import cpu_count

    n_threads = n_threads or cpu_count()
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
    """The header of a file; where that cannot be read, of the same file without what tells nothing of its pixels."""
    opened = _opened(content, max_pixels)
    if isinstance(opened, DecodedImage) and not _is_too_large(opened):
        shorter = pixels_only(content)
        again = opened if shorter is None else _opened(shorter, max_pixels)
        return opened if isinstance(again, DecodedImage) and not _is_too_large(again) else again
    return opened


def _opened(content: bytes, max_pixels: int) -> _Opened | DecodedImage:
    if not content:
        return DecodedImage(None, error="empty file, not an image")
    try:
        image = Image.open(BytesIO(content), formats=_FORMATS)
        media_type = Image.MIME.get(image.format or "", f"image/{(image.format or 'unknown').lower()}")
        width, height = image.size
        if width * height > max_pixels:
            return _too_many(f"{width} x {height} pixels", max_pixels, media_type)
        # Pillow decodes a PNG to look behind its pixels for the orientation, which is left to the threads.
        orientation = 1 if image.format == "PNG" and "exif" not in image.info else _orientation_of(image)
        return _Opened(content, image, media_type, orientation, _n_frames(image))
    except UnidentifiedImageError:
        return DecodedImage(None, error=f"not an image in a format that is read ({', '.join(_FORMATS)})")
    except Image.DecompressionBombError:
        return _too_many(f"more than {2 * (Image.MAX_IMAGE_PIXELS or 0)} pixels", max_pixels, "image/*")
    except Exception as error:
        return DecodedImage(None, error=_damage(error))


def _orientation_of(image: Image.Image) -> int:
    """The orientation that the file notes, from 1 to 8; 1 where its camera data is damaged."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        return int(orientation) if orientation in _TURNS else 1
    except Exception:
        return 1


def _n_frames(image: Image.Image) -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except Exception:
        # Further pages of a TIFF are other images; the first one is whole without them.
        if image.format != "TIFF":
            raise
        image.seek(0)
        return 1


def _too_many(found: str, max_pixels: int, media_type: str) -> DecodedImage:
    return DecodedImage(
        None, media_type, error=f"has {found}, max_pixels is {max_pixels}; scale it down or raise max_pixels"
    )


def _is_too_large(decoded: DecodedImage) -> bool:
    return "max_pixels is" in (decoded.error or "")


def _decode(opened: _Opened, at_least_px: int | None, longer_at_least_px: int | None) -> DecodedImage:
    """The pixels of a file; where they cannot be had, of the same file without what tells nothing of them."""
    decoded = _decoded(opened, at_least_px, longer_at_least_px)
    shorter = None if decoded.error is None else pixels_only(opened.content)
    if shorter is not None:
        width, height = opened.image.size
        again = _opened(shorter, width * height)
        if isinstance(again, _Opened):
            found = _decoded(again, at_least_px, longer_at_least_px)
            return decoded if found.error is not None else found
    return decoded


def _decoded(opened: _Opened, at_least_px: int | None, longer_at_least_px: int | None) -> DecodedImage:
    image = opened.image
    width, height = image.size
    stored_mode = image.mode
    try:
        if at_least_px is not None:
            image.draft(None, (at_least_px, at_least_px))
        elif longer_at_least_px is not None:
            factor = longer_at_least_px / max(width, height)
            image.draft(None, (max(_SHORTEST_PX, ceil(width * factor)), max(_SHORTEST_PX, ceil(height * factor))))
        raw_mode = _raw_mode(image)
        image.load()
        # Of some formats Pillow turns the image while it loads it, and then no longer names an orientation.
        left_to_do = _orientation_of(image)
        low = _low_bytes(opened, raw_mode) if raw_mode in _LOW_BYTES and needs_low_bytes(image) else None
        rgb, notes = as_rgb(image) if low is None else joined_bytes(image, low)
    except Exception as error:
        return DecodedImage(None, opened.media_type, error=_damage(error))
    if stored_mode not in ("RGB", "L", "1"):
        notes = {"mode": stored_mode, **notes}
    if left_to_do in _TURNS:
        rgb = rgb.transpose(_TURNS[left_to_do][0])
    if left_to_do in _SIDEWAYS:
        width, height = height, width
    orientation = opened.orientation if opened.orientation in _TURNS else left_to_do
    if orientation in _TURNS:
        notes = {**notes, "orientation": _TURNS[orientation][1]}
    if opened.n_frames > 1:
        notes = {**notes, "n_frames": opened.n_frames, "shown": "first frame"}
    return DecodedImage(rgb, opened.media_type, width, height, notes)


def _raw_mode(image: Image.Image) -> str:
    """How the pixels of a file lie in it, as Pillow names it; empty where it does not say so."""
    arguments = image.tile[0].args if isinstance(image, ImageFile.ImageFile) and image.tile else ""
    mode = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return mode.replace("16N", "16L" if sys.byteorder == "little" else "16B") if isinstance(mode, str) else ""


def _low_bytes(opened: _Opened, raw_mode: str) -> Image.Image:
    """The low bytes of colours of 16 bits: the same file, unpacked as if the bytes of a value were swapped."""
    image = Image.open(BytesIO(opened.content), formats=_FORMATS)
    swapped = _LOW_BYTES[raw_mode]
    image.tile = [
        tile._replace(args=swapped if isinstance(tile.args, str) else (swapped, *(tile.args or ())[1:]))
        for tile in image.tile
    ]
    image.load()
    return image


def _damage(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return NO_MEMORY
    words = str(error) or type(error).__name__
    if "truncated" in words.lower() or isinstance(error, EOFError):
        return f"truncated image: the file ends before the image does ({words})"
    return f"broken image: {words}"
