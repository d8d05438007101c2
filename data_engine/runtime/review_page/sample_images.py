"""Images of samples for the review page: found by sample id in the raw index, decoded and written anew.

How the source is read is in `runtime/media.py`.
"""

import json
import threading
from functools import lru_cache
from typing import Any

import pyarrow as pa

from data_engine.errors import ContentMissing
from data_engine.modalities import load
from data_engine.review_page.page_corpus import ImagePixels, ShownFrame, ShownImage
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.media import place_columns, shown_image
from data_engine.schemas.child_ids import parent_and_change

_SIDE_PX = 2048
#: Masks of larger images are predicted on a smaller version: 72 MB as RGB.
_MOST_PIXELS = 24_000_000
_MOST_KEPT = 128


class SampleImages:
    """The images of a corpus of images, by sample id.

    The rows of all samples that are or were asked about are read at once, and images kept that were shown last.

    Args:
        runtime: The corpus.
    """

    def __init__(self, runtime: CorpusRuntime) -> None:
        from data_engine.indexing import Contents

        self._runtime = runtime
        self._contents = Contents(runtime.corpus.source, runtime.project_folder, runtime.corpus.modality)
        self._lock = threading.Lock()
        self._rows: dict[str, dict[str, Any]] = {}
        self._large = lru_cache(_MOST_KEPT)(self._decoded)

    def __call__(self, sample_id: str, is_small: bool) -> ShownImage:
        """The image of a sample. Raises: ContentMissing where it is gone, has changed or cannot be decoded."""
        parent, change = parent_and_change(sample_id)
        if is_small and not change and (small := self._row(parent)["thumbnail"]):
            return ShownImage("image/jpeg", small)
        return self._large(sample_id)

    def player(self, sample_id: str) -> ShownImage:
        """What a browser plays of a sample. Raises: ContentMissing where it is gone or cannot be decoded."""
        row = self._row(sample_id)
        with self._lock:
            content = self._contents.read(row)
        play = load(self._runtime.corpus.samples.player or "")
        return ShownImage(*play(content, row, self._runtime.corpus.source))

    def pixels(self, sample_id: str) -> ImagePixels:
        """What masks of a sample are predicted on. Raises: ContentMissing, as for the image."""
        import numpy as np

        image, size_px = self._changed(sample_id, longer_at_least_px=None)
        factor = (_MOST_PIXELS / (image.width * image.height)) ** 0.5
        if factor < 1:
            image = image.resize((max(2, int(image.width * factor)), max(2, int(image.height * factor))))
        return ImagePixels(np.asarray(image, dtype=np.uint8), size_px)

    def frame(self, sample_id: str) -> ShownFrame | None:
        """Where a sample is in its video, and what is beside it; None where nothing says so."""
        try:
            said = json.loads(self._row(parent_and_change(sample_id)[0])["metadata"])
        except ContentMissing:
            return None
        if "video" not in said:
            return None
        previous, following = said["previous_id"], said["next_id"]
        return ShownFrame(
            said["video"], said["time_s"], previous, self._time(previous), following, self._time(following)
        )

    def _time(self, sample_id: str | None) -> float | None:
        """Of a frame in its video; None where there is none."""
        try:
            return None if sample_id is None else float(json.loads(self._row(sample_id)["metadata"])["time_s"])
        except ContentMissing:
            return None

    def _decoded(self, sample_id: str) -> ShownImage:
        from data_engine.images import shown_large

        image, size_px = self._changed(sample_id, longer_at_least_px=_SIDE_PX)
        return ShownImage(*shown_large(image, _SIDE_PX), size_px)

    def _changed(self, sample_id: str, *, longer_at_least_px: int | None) -> tuple[Any, tuple[int, int]]:
        """The image, perhaps decoded at a part of its size, and the (height, width) that it has at its whole size."""
        from data_engine.images import changed

        parent, change = parent_and_change(sample_id)
        row = self._row(parent)
        with self._lock:
            content = self._contents.read(row)
        shown, decoded = shown_image(self._runtime, row, content, longer_at_least_px=longer_at_least_px)
        image = changed(shown, change)
        scale = (decoded.width_px or shown.width) / shown.width
        whole = (decoded.height_px or image.height, decoded.width_px or image.width)
        return image, whole if not change else (round(image.height * scale), round(image.width * scale))

    def _row(self, sample_id: str) -> dict[str, Any]:
        with self._lock:
            if sample_id not in self._rows:
                self._rows.update(self._read({sample_id, *self._asked()}))
            if sample_id not in self._rows:
                raise ContentMissing(f"sample {sample_id} is in the raw index no more; run the corpus again")
            return self._rows[sample_id]

    def _asked(self) -> set[str]:
        """The samples that somebody is or was asked about."""
        with self._runtime.queue() as queue:
            asked = queue.tables(self._runtime.corpus.name)["review_task"]["sample_id"].to_pylist()
        return {parent_and_change(sample_id)[0] for sample_id in asked}

    def _read(self, sample_ids: set[str]) -> dict[str, dict[str, Any]]:
        among = {"sample_id": pa.array(sorted(sample_ids), pa.string())}
        columns = [*place_columns(self._runtime.corpus.samples), "media_type", "thumbnail"]
        rows = accepted_tables(self._runtime, run_id="page").read("raw_index", columns=columns, among=among)
        # Of equal contents the first by uri is read.
        return {row["sample_id"]: row for row in rows.sort_by([("uri", "descending")]).to_pylist()}
