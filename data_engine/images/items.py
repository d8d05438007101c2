"""Images as the modality `image` declares them: what an encoder is given, and what a page shows.

Decoding itself is in `decoding.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from PIL import Image

from data_engine.errors import ContentMissing
from data_engine.images.children import changed
from data_engine.images.decoding import DecodedImage, decode_each, decode_image
from data_engine.images.thumbnails import shrunk


def images_for_encoder(
    rows: Sequence[Mapping[str, Any]],
    contents: Iterable[bytes],
    options: Any,
    side_px: int,
    changes: Sequence[str] = (),
) -> list[Image.Image]:
    """The images of some rows of the raw index, their shorter side reduced to `side_px` pixels.

    With `changes`, one per row, they are children: see `children.py`. Raises: ContentMissing for an image that cannot
    be decoded.
    """

    def image(what: tuple[str, str], decoded: DecodedImage) -> Image.Image:
        uri, change = what
        if decoded.image is None:
            raise ContentMissing(f"image {uri} cannot be decoded any more: {decoded.error}")
        return shrunk(changed(decoded.image, change), side_px)

    what = [(row["uri"], changes[number] if changes else "") for number, row in enumerate(rows)]
    # What is cropped has to be large enough afterwards.
    least = 2 * side_px if changes else side_px
    items = zip(what, contents, strict=True)
    return list(decode_each(items, image, max_pixels=options.max_pixels, at_least_px=least))


def shown_image(
    content: bytes,
    row: Mapping[str, Any],  # noqa: ARG001
    options: Any,
    *,
    longer_at_least_px: int | None = None,
) -> DecodedImage:
    """The image itself; decoded at a part of its size where its longer side need not be longer than that."""
    return decode_image(content, max_pixels=options.max_pixels, longer_at_least_px=longer_at_least_px)
