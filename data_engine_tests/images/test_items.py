import io
from types import SimpleNamespace

import pytest
from PIL import Image

from data_engine.errors import ContentMissing
from data_engine.images.items import images_for_encoder, shown_image

OPTIONS = SimpleNamespace(max_pixels=10_000)


def _png(width: int, height: int) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(written, "PNG")
    return written.getvalue()


def test_images_are_given_in_order_with_their_shorter_side_reduced() -> None:
    rows = [{"uri": "a"}, {"uri": "b"}]
    found = images_for_encoder(rows, [_png(80, 40), _png(10, 30)], OPTIONS, 20)
    assert [image.size for image in found] == [(40, 20), (10, 30)]


def test_an_image_that_cannot_be_decoded_any_more_is_named() -> None:
    with pytest.raises(ContentMissing, match="image a cannot be decoded any more"):
        images_for_encoder([{"uri": "a"}], [b"no image"], OPTIONS, 20)


def test_a_shown_image_is_refused_above_the_most_pixels_of_the_source() -> None:
    assert shown_image(_png(4, 3), {}, OPTIONS).width_px == 4
    assert "max_pixels" in str(shown_image(_png(200, 200), {}, OPTIONS).error)
