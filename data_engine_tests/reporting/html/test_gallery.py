import base64
from io import BytesIO

import pyarrow as pa
from PIL import Image

from data_engine.images import thumbnail
from data_engine.reporting.html.gallery import Gallery

RED = thumbnail(Image.new("RGB", (20, 10), "red"))


def raw(thumbnails: list[bytes | None]) -> pa.Table:
    ids = [f"s{number}" for number in range(len(thumbnails))]
    return pa.table({"sample_id": ids, "thumbnail": pa.array(thumbnails, pa.binary())})


def image_in(uri: str) -> Image.Image:
    assert uri.startswith("data:image/jpeg;base64,")
    return Image.open(BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_a_thumbnail_is_data_within_the_page() -> None:
    gallery = Gallery(raw([None, RED]), most_bytes=10_000)
    assert image_in(gallery.thumbnail("s1")).size == (20, 10)
    assert gallery.thumbnail("s0") == gallery.thumbnail("unknown") == ""


def test_a_page_has_thumbnails_up_to_its_size_and_montages_beyond() -> None:
    gallery = Gallery(raw([RED] * 3), most_bytes=2 * len(RED))
    assert [bool(gallery.thumbnail(f"s{number}")) for number in range(3)] == [True, True, False]
    assert image_in(gallery.montage(["s0", "s2", "unknown"])).size == (56 * 2 + 4, 56)


def test_texts_have_no_images() -> None:
    for gallery in (Gallery(None, most_bytes=9), Gallery(raw([None, None]), most_bytes=9)):
        assert gallery.thumbnail("s0") == gallery.montage(["s0"]) == ""
