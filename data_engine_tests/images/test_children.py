from io import BytesIO

import numpy as np
from PIL import Image

from data_engine.images.children import CHANGED_BY, changed, changed_thumbnail
from data_engine.schemas.child_ids import CHANGES


def _stripes() -> Image.Image:
    """8 x 4 pixels, the left half of 40, the right half of 200 shades."""
    shades = np.array([[40] * 4 + [200] * 4] * 4, dtype=np.uint8)
    return Image.fromarray(np.stack([shades] * 3, axis=2))


def _red(image: Image.Image) -> list[list[int]]:
    return np.asarray(image)[:, :, 0].tolist()


def test_every_change_that_an_id_may_name_is_made() -> None:
    assert tuple(CHANGED_BY) == CHANGES


def test_a_crop_keeps_the_middle_brightness_falls_to_60_percent_and_contrast_to_half() -> None:
    assert _red(changed(_stripes(), "crop")) == [[40] * 3 + [200] * 3] * 3
    assert _red(changed(_stripes(), "brightness")) == [[24] * 4 + [120] * 4] * 4
    assert _red(changed(_stripes(), "contrast")) == [[80] * 4 + [160] * 4] * 4
    assert _red(changed(_stripes(), "")) == _red(_stripes())
    assert changed(Image.new("RGB", (1, 1)), "crop").size == (1, 1)


def test_a_thumbnail_is_changed_like_its_image() -> None:
    written = BytesIO()
    Image.new("RGB", (40, 20), (200, 200, 200)).save(written, "JPEG")
    shown = Image.open(BytesIO(changed_thumbnail(written.getvalue(), "brightness")))
    assert (shown.size, shown.getpixel((5, 5))) == ((40, 20), (120, 120, 120))
