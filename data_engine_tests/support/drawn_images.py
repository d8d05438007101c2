"""Images that a person can compare by eye: discs and stripes."""

import numpy as np
from PIL import Image, ImageDraw


def disc(colour: str, radius: int = 60, size: tuple[int, int] = (300, 200)) -> Image.Image:
    image = Image.new("RGB", size, "white")
    middle = (size[0] // 2, size[1] // 2)
    ImageDraw.Draw(image).ellipse(
        (middle[0] - radius, middle[1] - radius, middle[0] + radius, middle[1] + radius), fill=colour
    )
    return image


def stripes(direction: int) -> Image.Image:
    values = np.zeros((64, 64), dtype=np.uint8)
    values[:: 8 if direction == 0 else 1, :: 8 if direction else 1] = 255
    return Image.fromarray(values).convert("RGB")
