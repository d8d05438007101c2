"""Images of a corpus, read again from its source by their rows of the raw index."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.errors import ContentMissing
from data_engine.runtime.corpus_runtime import CorpusRuntime

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from data_engine.filtering import ImageLook
    from data_engine.images import DecodedImage

_PLACE = ["sample_id", "uri", "metadata"]
#: Where the ending of a file is not the name of its type.
_ENDINGS = {
    "image/jpeg": "jpg",
    "image/x-portable-graymap": "pgm",
    "image/x-portable-anymap": "pnm",
    "image/x-tga": "tga",
}


def read_looks(
    runtime: CorpusRuntime, progress: Callable[[int], object]
) -> "Callable[[pa.Table], Iterable[ImageLook | None]]":
    """Returns a reader of the images of a raw index as the rules see them; None for an unreadable one."""
    from data_engine import filtering
    from data_engine.images import decode_each

    def look(_: object, decoded: "DecodedImage") -> "ImageLook | None":
        progress(1)
        return filtering.look_at(decoded)

    def read(raw: pa.Table) -> "Iterable[ImageLook | None]":
        contents = _contents(runtime, raw.select([*_PLACE, "is_readable"]).to_pylist())
        items = ((None, content if isinstance(content, bytes) else b"") for content in contents)
        limit = runtime.corpus.source.max_pixels
        return decode_each(items, look, max_pixels=limit, longer_at_least_px=filtering.LOOK_PX)

    return read


def load_images(
    runtime: CorpusRuntime, raw: pa.Table, side_px: int, changes: Sequence[str] = ()
) -> "Callable[[Sequence[int]], list[Any]]":
    """Returns a loader of the images at some rows, their shorter side reduced to `side_px` pixels.

    With `changes`, one per row, it loads children: see `images.children`. The function that is returned raises
    ContentMissing for an image that is gone, has changed or cannot be decoded.
    """
    from data_engine.images import changed, decode_each, shrunk

    rows = raw.select(_PLACE)

    def image(what: tuple[str, str], decoded: "DecodedImage") -> Any:
        uri, change = what
        if decoded.image is None:
            raise ContentMissing(f"image {uri} cannot be decoded any more: {decoded.error}")
        return shrunk(changed(decoded.image, change), side_px)

    def load(positions: Sequence[int]) -> "list[Any]":
        places = rows.take(pa.array(positions, pa.int64())).to_pylist()
        what = [(place["uri"], changes[at] if changes else "") for at, place in zip(positions, places, strict=True)]
        items = zip(what, _required(_contents(runtime, places)), strict=True)
        # What is cropped has to be large enough afterwards.
        least = 2 * side_px if changes else side_px
        return list(decode_each(items, image, max_pixels=runtime.corpus.source.max_pixels, at_least_px=least))

    return load


def released_images(runtime: CorpusRuntime, raw: pa.Table, sample_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """File names and contents of released images, each as its source has it under the name of its sample id.

    Args:
        runtime: The corpus; there is nothing to give for texts, and where its releases are to hold no images.
        raw: Rows of the raw index; of equal contents the first by uri is read.
        sample_ids: The released samples.

    Raises: ContentMissing for an image that is gone or has changed.
    """
    if not (runtime.corpus.is_of_images and runtime.corpus.release.images):
        return
    rows = raw.select([*_PLACE, "media_type"]).sort_by([("uri", "descending")]).to_pylist()
    first = {row["sample_id"]: row for row in rows}
    chosen = [first[sample_id] for sample_id in sample_ids]
    for row, content in zip(chosen, _required(_contents(runtime, chosen)), strict=True):
        yield _file_name(row), content


def image_file(runtime: CorpusRuntime, raw: pa.Table, change: str = "") -> tuple[str, bytes]:
    """A file name and the content of the image of these rows of the raw index, which are of one sample.

    With a `change` it is a child of that image, as a PNG or JPEG of ours. Raises: ContentMissing when the image is gone
    or has changed, or cannot be decoded to be changed.
    """
    (row,) = raw.select([*_PLACE, "media_type"]).sort_by("uri").slice(0, 1).to_pylist()
    content = next(_required(_contents(runtime, [row])))
    if not change:
        return _file_name(row), content
    from data_engine.images import changed, decode_image, shown_large
    from data_engine.schemas.child_ids import child_id

    decoded = decode_image(content, max_pixels=runtime.corpus.source.max_pixels)
    if decoded.image is None:
        raise ContentMissing(f"image {row['uri']} cannot be decoded any more: {decoded.error}")
    image = changed(decoded.image, change)
    media_type, written = shown_large(image, max(image.size))
    return _file_name({"sample_id": child_id(row["sample_id"], change), "media_type": media_type}), written


def whole_images(runtime: CorpusRuntime, raw: pa.Table) -> "Iterator[tuple[str, NDArray[np.uint8]]]":
    """Sample id and pixels (h, w, 3), RGB, upright and in their full size, of images of a raw index, each once.

    Raises: ContentMissing for an image that is gone, has changed or cannot be decoded.
    """
    import numpy as np

    from data_engine.images import decode_image

    rows = {row["sample_id"]: row for row in raw.select(_PLACE).sort_by([("uri", "descending")]).to_pylist()}
    contents = _required(_contents(runtime, rows.values()))
    for row, content in zip(rows.values(), contents, strict=True):
        decoded = decode_image(content, max_pixels=runtime.corpus.source.max_pixels)
        if decoded.image is None:
            raise ContentMissing(f"image {row['uri']} cannot be decoded any more: {decoded.error}")
        yield row["sample_id"], np.asarray(decoded.image, dtype=np.uint8)


def _file_name(row: Mapping[str, Any]) -> str:
    return f"{row['sample_id']}.{_ENDINGS.get(row['media_type'], row['media_type'].partition('/')[2])}"


def _contents(runtime: CorpusRuntime, rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes | ContentMissing]:
    from data_engine import indexing

    contents = indexing.Contents(runtime.corpus.source, runtime.project_folder)
    for row in rows:
        if not row.get("is_readable", True):
            yield b""
            continue
        try:
            yield contents.read(row)
        except ContentMissing as error:
            yield error


def _required(contents: Iterable[bytes | ContentMissing]) -> Iterator[bytes]:
    for content in contents:
        if isinstance(content, ContentMissing):
            raise content
        yield content
