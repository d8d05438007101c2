"""Pictures: from bytes that nobody has vouched for to RGB pixels, thumbnails and montages.

Everything that opens a picture goes through here, so that limits, orientation and transparency are the same
everywhere.
"""

from data_engine.pictures.decoding import DEFAULT_MAX_PIXELS, DecodedPicture, decode_each, decode_picture
from data_engine.pictures.thumbnails import THUMBNAIL_PX, montage, pixels_of, reduced, shrunk, thumbnail
from data_engine.pictures.words import Words, words_of

__all__ = [
    "DEFAULT_MAX_PIXELS",
    "THUMBNAIL_PX",
    "DecodedPicture",
    "Words",
    "decode_each",
    "decode_picture",
    "montage",
    "pixels_of",
    "reduced",
    "shrunk",
    "thumbnail",
    "words_of",
]
