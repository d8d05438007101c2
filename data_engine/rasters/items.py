"""Tiles as the modality `raster` declares them: what an encoder is given, and what a page shows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from data_engine.errors import ContentMissing, InvalidInput
from data_engine.images import DecodedImage, image_of, shrunk
from data_engine.rasters.description import DescribedTile, described_tile

#: What an encoder says as the side of its images that takes bands and no images.
NO_IMAGE = 0


def tiles_for_encoder(
    rows: Sequence[Mapping[str, Any]],
    contents: Iterable[bytes],
    options: Any,  # noqa: ARG001
    side_px: int,
) -> list[Any]:
    """The tiles of some rows of the raw index, or their previews as images whose shorter side is at most `side_px`.

    Raises: ContentMissing for a tile that is one no more.
    """
    tiles = (_tile(content, row) for content, row in zip(contents, rows, strict=True))
    if side_px == NO_IMAGE:
        return list(tiles)
    return [shrunk(image_of(tile.preview()), side_px) for tile in tiles]


def shown_tile(
    content: bytes,
    row: Mapping[str, Any],
    options: Any,  # noqa: ARG001
    *,
    longer_at_least_px: int | None = None,  # noqa: ARG001
) -> DecodedImage:
    """The preview of a tile."""
    try:
        image = image_of(described_tile(content, row["metadata"]).preview())
    except InvalidInput as error:
        return DecodedImage(None, error=str(error))
    return DecodedImage(image=image, media_type="image/png", width_px=image.width, height_px=image.height)


def _tile(content: bytes, row: Mapping[str, Any]) -> DescribedTile:
    try:
        return described_tile(content, row["metadata"])
    except InvalidInput as error:
        raise ContentMissing(f"tile {row['uri']} cannot be read any more: {error}") from error
