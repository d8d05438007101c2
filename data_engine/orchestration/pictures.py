"""Pictures of a corpus, read again from its source by their rows of the raw index."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.errors import ContentMissing
from data_engine.orchestration.bench import Bench

if TYPE_CHECKING:
    from data_engine.filtering import PictureLook
    from data_engine.pictures import DecodedPicture

_PLACE = ["sample_id", "uri", "metadata"]
#: Where the ending of a file is not the name of its type.
_ENDINGS = {
    "image/jpeg": "jpg",
    "image/x-portable-graymap": "pgm",
    "image/x-portable-anymap": "pnm",
    "image/x-tga": "tga",
}


def read_looks(bench: Bench, progress: Callable[[int], object]) -> "Callable[[pa.Table], Iterable[PictureLook | None]]":
    """Gives the pictures of a raw index as the rules look at them; None for one that cannot be read."""
    from data_engine import filtering
    from data_engine.pictures import decode_each

    def look(_: object, decoded: "DecodedPicture") -> "PictureLook | None":
        progress(1)
        return filtering.look_at(decoded)

    def read(raw: pa.Table) -> "Iterable[PictureLook | None]":
        contents = _contents(bench, raw.select([*_PLACE, "is_readable"]).to_pylist())
        items = ((None, content if isinstance(content, bytes) else b"") for content in contents)
        limit = bench.corpus.source.max_pixels
        return decode_each(items, look, max_pixels=limit, longer_at_least_px=filtering.LOOK_PX)

    return read


def load_pictures(bench: Bench, raw: pa.Table, side_px: int) -> "Callable[[Sequence[int]], list[Any]]":
    """Gives the pictures of some rows of a raw index, their shorter side reduced to `side_px` pixels.

    The function that is returned raises ContentMissing for a picture that is gone, has changed or cannot be decoded.
    """
    from data_engine.pictures import decode_each, shrunk

    rows = raw.select(_PLACE)

    def picture(uri: str, decoded: "DecodedPicture") -> Any:
        if decoded.picture is None:
            raise ContentMissing(f"picture {uri} cannot be decoded any more: {decoded.error}")
        return shrunk(decoded.picture, side_px)

    def load(positions: Sequence[int]) -> "list[Any]":
        places = rows.take(pa.array(positions, pa.int64())).to_pylist()
        items = zip((place["uri"] for place in places), _required(_contents(bench, places)), strict=True)
        return list(decode_each(items, picture, max_pixels=bench.corpus.source.max_pixels, at_least_px=side_px))

    return load


def released_pictures(bench: Bench, raw: pa.Table, sample_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """File names and contents of released pictures, each as its source has it under the name of its sample id.

    Args:
        bench: The corpus; there is nothing to give for texts, and where its releases are to hold no pictures.
        raw: Rows of the raw index; of equal contents the first by uri is read.
        sample_ids: The released samples.

    Raises: ContentMissing for a picture that is gone or has changed.
    """
    if not (bench.corpus.is_of_pictures and bench.corpus.release.pictures):
        return
    rows = raw.select([*_PLACE, "media_type"]).sort_by([("uri", "descending")]).to_pylist()
    first = {row["sample_id"]: row for row in rows}
    chosen = [first[sample_id] for sample_id in sample_ids]
    for row, content in zip(chosen, _required(_contents(bench, chosen)), strict=True):
        yield f"{row['sample_id']}.{_ENDINGS.get(row['media_type'], row['media_type'].partition('/')[2])}", content


def _contents(bench: Bench, rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes | ContentMissing]:
    from data_engine import indexing

    contents = indexing.Contents(bench.corpus.source, bench.project_folder)
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
