"""The form of pairs: the bytes of an image, read as those of any other image, and the caption that goes with them.

Images without captions are read by the form of media in `../forms.py`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from data_engine.errors import SourceError
from data_engine.indexing.archives import Member, media_of_members, text_of_members
from data_engine.indexing.columnar.rows import Row
from data_engine.indexing.files import look_at_images
from data_engine.indexing.row_files import media_of_row, text_of_row
from data_engine.indexing.samples import RawSample, SampleForm, sample_id_of_bytes, sample_id_of_text
from data_engine.indexing.source_files import ReadOptions, SourceFile
from data_engine.modalities import Modality


def id_of_pair(content: bytes | None, text: str | None) -> str:
    """xxh3-128 of the ids of both: another caption of the same image is another sample."""
    return sample_id_of_bytes(f"{sample_id_of_bytes(content or b'')} {sample_id_of_text(text or '')}".encode())


def look_at_pairs(samples: Iterable[RawSample], options: ReadOptions) -> Iterator[RawSample]:
    """The samples after their images were decoded; one whose image cannot be read has no text either."""
    return (
        sample if sample.error is None else replace(sample, text=None) for sample in look_at_images(samples, options)
    )


def _of_file(file: SourceFile, _options: ReadOptions) -> Iterator[RawSample]:
    raise SourceError(f"{file.uri} is one file, and a pair has two parts; give rows, or archives with both")


def _of_row(file: SourceFile, row: Row, columns: dict[str, Any], source: ReadOptions) -> RawSample:
    image, caption = (read(file, row, columns, source) for read in (media_of_row, text_of_row))
    return _joined(image, caption, {source.text_column})


def _of_members(
    place: SourceFile, key: str, members: list[Member], source: ReadOptions, of: Modality
) -> RawSample | None:
    image = media_of_members(place, key, members, source, of)
    caption = None if image is None else text_of_members(place, key, members, source, of)
    return None if image is None or caption is None else _joined(image, caption, {"txt", source.text_column})


def _joined(image: RawSample, caption: RawSample, of_caption: set[str]) -> RawSample:
    """One sample of both, with the columns of the image that are not the caption."""
    if image.error is not None or caption.error is not None:
        return image if image.error is not None else replace(caption, text=None)
    metadata: Mapping[str, Any] = {name: value for name, value in image.metadata.items() if name not in of_caption}
    encoding = {} if "encoding" not in caption.metadata else {"encoding": caption.metadata["encoding"]}
    return replace(
        image,
        sample_id=id_of_pair(image.content, caption.text),
        text=caption.text,
        n_bytes=image.n_bytes + len((caption.text or "").encode()),
        metadata={**metadata, **encoding},
    )


PAIR = SampleForm(("path_column", "text_column"), _of_file, _of_row, id_of_pair, _of_members)
