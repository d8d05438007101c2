"""Pixels of an image as an array, without a copy of them; `kernels.image_scan` reads them."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image

#: (h, w) little-endian uint32: red in the lowest byte, then green and blue; what is in the highest has no meaning.
PackedPixels = NDArray[np.uint32]


def words_of(image: Image.Image) -> PackedPixels:
    """The pixels of an RGB image, one word each, as Pillow holds them: read-only, and whole in memory.

    An image of more than 16 MiB may lie in several blocks of memory, which no array can show.

    Raises: ValueError as Pillow does where it lies in several blocks.
    """
    pixels = pa.array(image)
    return np.frombuffer(pixels.values.buffers()[1], "<u4").reshape(image.height, image.width)
