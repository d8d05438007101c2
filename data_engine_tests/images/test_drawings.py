from io import BytesIO

import numpy as np
from PIL import Image

from data_engine.images import drawing, drawn_thumbnail


def test_drawn_pixels_are_an_image_and_a_thumbnail() -> None:
    pixels = np.zeros((90, 200, 3), np.uint8)
    pixels[:, 100:] = (250, 10, 10)
    drawn = drawing(pixels)
    assert drawn.image is not None and (np.asarray(drawn.image) == pixels).all()
    assert (drawn.width_px, drawn.height_px, drawn.error) == (200, 90, None)
    small = Image.open(BytesIO(drawn_thumbnail(pixels)))
    assert small.format == "JPEG" and small.size == (128, 58)
    assert small.getpixel((10, 30)) < (20, 20, 20) and small.getpixel((110, 30)) > (230, 0, 0)
