"""What a foundation model is shown of the samples of a corpus, and which reviewed samples are its examples.

What it is asked is in `data_engine.foundation_model.prompt`.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.errors import ContentMissing
from data_engine.foundation_model.prompt import Content, ReviewedExample
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.media import load_shown

#: The columns of the raw index that contents are read by.
COLUMNS = ["sample_id", "uri", "metadata", "text"]


def contents_of(runtime: CorpusRuntime, rows: pa.Table) -> Callable[[str], Content | None]:
    """Returns a reader of the content of samples by id, of those that a page shows their image; None for a lost one.

    Args:
        runtime: the corpus.
        rows: rows of the raw index with `COLUMNS`.
    """
    raw = rows.sort_by("uri")
    place: dict[str, int] = {}
    for number, sample_id in enumerate(raw["sample_id"].to_pylist()):
        place.setdefault(sample_id, number)
    if not runtime.corpus.samples.has_image:
        texts = raw["text"].to_pylist()

        def text_of(sample_id: str) -> Content | None:
            text = texts[place[sample_id]] if sample_id in place else None
            return None if text is None else Content(text)

        return text_of

    side_px = runtime.corpus.foundation_model.max_image_px if runtime.corpus.foundation_model else 0
    load = load_shown(runtime, raw, side_px)

    def image_of(sample_id: str) -> Content | None:
        from data_engine.images import thumbnail

        try:
            image = load(place[sample_id])
        except (ContentMissing, KeyError):
            return None
        return Content(image=thumbnail(image, side_px))

    return image_of


def nearest_examples(
    vector: NDArray[np.float32], known: Mapping[str, NDArray[np.float32]], n: int, *, besides: str
) -> list[str]:
    """The n known samples nearest to a vector, the nearest last; by id where they are equally near.

    Args:
        vector: (dim,) unit row of the sample.
        known: unit rows of the samples that may be examples, by id.
        n: how many.
        besides: the sample itself, which is no example.
    """
    ids = sorted(sample_id for sample_id in known if sample_id != besides)
    if not ids or not n:
        return []
    similarity = np.stack([known[sample_id] for sample_id in ids]) @ vector
    order = np.argsort(-similarity, kind="stable")[:n]
    return [ids[number] for number in order[::-1]]


def reviewed_examples(
    ids: Sequence[str], labels: Mapping[str, str], contents: Callable[[str], Content | None]
) -> tuple[ReviewedExample, ...]:
    """The examples of a request; one whose content cannot be read is left out."""
    found = [(contents(sample_id), labels[sample_id]) for sample_id in ids]
    return tuple(ReviewedExample(content, label) for content, label in found if content is not None)
