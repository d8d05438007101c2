"""Samples of a corpus, read again from its source by their rows of the raw index: for rules, encoders and pages."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.errors import ContentMissing
from data_engine.modalities import Modality, load
from data_engine.runtime.corpus_runtime import CorpusRuntime

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from data_engine.images import DecodedImage


def read_looks(
    runtime: CorpusRuntime,
    progress: Callable[[int], object],
    learned: Mapping[str, Callable[[str], float | None]] | None = None,
) -> "Callable[[pa.Table], Iterable[Any]]":
    """Returns a reader of the samples of a raw index as the rules see them; None for an unreadable one.

    Args:
        runtime: The corpus.
        progress: Told how many more were looked at.
        learned: Scores of texts by the filters that learn from examples.
    """
    from data_engine.filtering.rules.looking import Looking

    samples = runtime.corpus.samples

    def read(raw: pa.Table) -> "Iterable[Any]":
        def contents() -> Iterator[bytes]:
            rows = raw.select([*place_columns(samples), "is_readable"]).to_pylist()
            return (each if isinstance(each, bytes) else b"" for each in _contents(runtime, rows))

        looking = Looking(raw, contents, runtime.corpus.source, runtime.corpus.first_pass, learned or {}, progress)
        found: Iterable[Any] = load(samples.looks)(looking)
        return found

    return read


def load_items(
    runtime: CorpusRuntime, raw: pa.Table, side_px: int, changes: Sequence[str] = ()
) -> "Callable[[Sequence[int]], list[Any]]":
    """Returns a loader of what an encoder is given of some rows of the raw index; images are reduced to `side_px`.

    With `changes`, one per row, it loads children: see `images.children`. The function that is returned raises
    ContentMissing for a sample that is gone, has changed or cannot be decoded.
    """
    samples = runtime.corpus.samples
    rows, items = raw.select(place_columns(samples)), load(samples.items or "")

    def loaded(positions: Sequence[int]) -> "list[Any]":
        places = rows.take(pa.array(positions, pa.int64())).to_pylist()
        more = {"changes": [changes[at] for at in positions]} if changes else {}
        contents = _required(_contents(runtime, places))
        found: list[Any] = items(places, contents, runtime.corpus.source, side_px, **more)
        return found

    return loaded


def place_columns(samples: Modality) -> list[str]:
    """The columns of the raw index by which a sample is read again."""
    return ["sample_id", "uri", "metadata", *(["text"] if samples.holds_text else [])]


def shown_image(
    runtime: CorpusRuntime, row: Mapping[str, Any], content: bytes, **more: Any
) -> "tuple[Any, DecodedImage]":
    """The image that shows a sample, of its row of the raw index and its bytes, and what is known of its stored size.

    Raises: ContentMissing where it cannot be decoded.
    """
    samples = runtime.corpus.samples
    decoded: DecodedImage = load(samples.image or "")(content, row, runtime.corpus.source, **more)
    if decoded.image is None:
        noun = samples.one.partition(" ")[2]
        raise ContentMissing(f"{noun} {row['uri']} cannot be decoded any more: {decoded.error}")
    return decoded.image, decoded


def load_shown(runtime: CorpusRuntime, raw: pa.Table, side_px: int) -> "Callable[[int], Any]":
    """Returns a loader of the PIL image that shows the sample of a row of the raw index, for a side of `side_px`.

    The function that is returned raises ContentMissing for a sample that is gone, has changed or cannot be decoded.
    """
    rows = raw.select(place_columns(runtime.corpus.samples))

    def loaded(position: int) -> Any:
        (row,) = rows.slice(position, 1).to_pylist()
        (content,) = _required(_contents(runtime, [row]))
        return shown_image(runtime, row, content, longer_at_least_px=side_px)[0]

    return loaded


def released_images(runtime: CorpusRuntime, raw: pa.Table, sample_ids: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    """File names and contents of released images, each as its source has it under the name of its sample id.

    Args:
        runtime: The corpus; there is nothing to give for texts, and where its releases are to hold no images.
        raw: Rows of the raw index; of equal contents the first by uri is read.
        sample_ids: The released samples.

    Raises: ContentMissing for an image that is gone or has changed.
    """
    samples = runtime.corpus.samples
    if not (samples.is_read_again and runtime.corpus.release.images):
        return
    rows = raw.select([*place_columns(samples), "media_type"]).sort_by([("uri", "descending")]).to_pylist()
    first = {row["sample_id"]: row for row in rows}
    chosen = [first[sample_id] for sample_id in sample_ids]
    for row, content in zip(chosen, _required(_contents(runtime, chosen)), strict=True):
        yield _file_name(samples, row), load(samples.file)(content, row) if samples.file else content


def image_file(runtime: CorpusRuntime, raw: pa.Table, change: str = "") -> tuple[str, bytes]:
    """A file name and the content of the image of these rows of the raw index, which are of one sample.

    With a `change` it is a child of that image, as a PNG or JPEG of ours; so is what no viewer shows, by its preview.

    Raises: ContentMissing when the image is gone or has changed, or cannot be decoded to be changed.
    """
    samples = runtime.corpus.samples
    (row,) = raw.select([*place_columns(samples), "media_type"]).sort_by("uri").slice(0, 1).to_pylist()
    content = next(_required(_contents(runtime, [row])))
    if not change and samples.file is None:
        return _file_name(samples, row), content
    from data_engine.images import changed, shown_large
    from data_engine.schemas.child_ids import child_id

    image = shown_image(runtime, row, content)[0]
    image = changed(image, change) if change else image
    media_type, written = shown_large(image, max(image.size))
    return _file_name(
        samples,
        {"sample_id": child_id(row["sample_id"], change) if change else row["sample_id"], "media_type": media_type},
    ), written


def whole_images(runtime: CorpusRuntime, raw: pa.Table) -> "Iterator[tuple[str, NDArray[np.uint8]]]":
    """Sample id and pixels (h, w, 3), RGB, upright and in their full size, of images of a raw index, each once.

    Raises: ContentMissing for an image that is gone, has changed or cannot be decoded.
    """
    import numpy as np

    places = raw.select(place_columns(runtime.corpus.samples))
    rows = {row["sample_id"]: row for row in places.sort_by([("uri", "descending")]).to_pylist()}
    contents = _required(_contents(runtime, rows.values()))
    for row, content in zip(rows.values(), contents, strict=True):
        yield row["sample_id"], np.asarray(shown_image(runtime, row, content)[0], dtype=np.uint8)


def _file_name(samples: Modality, row: Mapping[str, Any]) -> str:
    media_type = row["media_type"]
    return f"{row['sample_id']}.{samples.file_endings.get(media_type, media_type.partition('/')[2])}"


def _contents(runtime: CorpusRuntime, rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes | ContentMissing]:
    from data_engine import indexing

    contents = indexing.Contents(runtime.corpus.source, runtime.project_folder, runtime.corpus.modality)
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
