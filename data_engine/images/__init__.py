"""Images: from bytes that nobody has vouched for to RGB pixels, thumbnails and montages.

Everything that opens an image goes through here, so that limits, orientation and transparency are the same
everywhere.
"""

from data_engine.images.children import changed, changed_thumbnail
from data_engine.images.decoding import (
    DEFAULT_MAX_PIXELS,
    NO_MEMORY,
    DecodedImage,
    decode_each,
    decode_image,
    stored_size,
)
from data_engine.images.drawings import drawing, drawn_thumbnail
from data_engine.images.packed_pixels import PackedPixels, words_of
from data_engine.images.thumbnails import (
    THUMBNAIL_PX,
    cut_out,
    image_of,
    montage,
    pixels_of,
    reduced,
    shown_large,
    shrunk,
    thumbnail,
)

__all__ = [
    "DEFAULT_MAX_PIXELS",
    "NO_MEMORY",
    "THUMBNAIL_PX",
    "DecodedImage",
    "PackedPixels",
    "changed",
    "changed_thumbnail",
    "cut_out",
    "decode_each",
    "decode_image",
    "drawing",
    "drawn_thumbnail",
    "image_of",
    "montage",
    "pixels_of",
    "reduced",
    "shown_large",
    "shrunk",
    "stored_size",
    "thumbnail",
    "words_of",
]
