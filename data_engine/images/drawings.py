"""Drawings of samples which are no images: their pixels as any other image.

What is drawn of a sound is in `data_engine.sound.drawing`.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from data_engine.images.decoding import DecodedImage
from data_engine.images.thumbnails import thumbnail


def drawing(pixels: NDArray[np.uint8]) -> DecodedImage:
    """(h, w, 3) RGB pixels as an image for pages."""
    height, width = pixels.shape[:2]
    return DecodedImage(Image.fromarray(pixels), "image/png", width, height)


def drawn_thumbnail(pixels: NDArray[np.uint8]) -> bytes:
    """(h, w, 3) RGB pixels as a thumbnail."""
    return thumbnail(Image.fromarray(pixels))
