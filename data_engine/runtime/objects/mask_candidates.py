"""The masks that a grid finds in images of a corpus, with the embeddings of their crops; each is kept for later runs.

What is learnt of them is in `data_engine.labeling.objects.object_model`.
"""

import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import DataEngineError
from data_engine.images import cut_out
from data_engine.labeling.objects.object_model import ObjectModel, SeenMasks
from data_engine.labeling.objects.proposed_answers import proposed_answer, reviewed_masks
from data_engine.runtime.embeddings import ready_encoder
from data_engine.runtime.media import whole_images
from data_engine.runtime.versions import fingerprint
from data_engine.segmentation.masks import Mask, bounding_box
from data_engine.segmentation.point_grid import FEATURES, GridMasks, PointGrid, masks_from_grid, shares_of
from data_engine.segmentation.registry import load_segmenter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data_engine.corpus import Corpus
    from data_engine.corpus.kinds import ObjectProposals
    from data_engine.embedding import Encoder
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.segmentation import Segmenter
    from data_engine.storage.artefacts import Artefacts

#: Grows when the masks or their features become others.
_FORM = 2
_MARGIN = 0.15


@dataclass(frozen=True, eq=False)
class FoundMasks:
    """What a grid found in one image.

    Attributes:
        size: Height and width of the image.
        masks: (n, h, w) bool, at working size.
        features: (n, f) float32.
        vectors: (n, dim) float32.
        n_left_out: Masks beyond those that are looked at.
        failure: Why nothing can be proposed of the image; empty where it can.
    """

    size: tuple[int, int]
    masks: "NDArray[np.bool_]"
    features: "NDArray[np.float32]"
    vectors: "NDArray[np.float32]"
    n_left_out: int = 0
    failure: str = ""

    def seen(self, answer: str | None, class_names: Sequence[str]) -> SeenMasks:
        """What a model learns from, or is asked about; with what people said of the image where they did."""
        own = list(self.masks)
        shares, n = shares_of(own), len(own)
        if answer is None:
            return SeenMasks(self.features, self.vectors, shares, np.zeros(n), np.zeros(n, np.int64))
        shape = (self.masks.shape[1], self.masks.shape[2])
        truth, classes = reviewed_masks(answer, shape, class_names)
        with_truth = shares_of(own, truth)
        ious = with_truth.max(axis=1) if truth else np.zeros(n)
        of_best = np.array(classes)[with_truth.argmax(axis=1)] if truth else np.zeros(n, np.int64)
        return SeenMasks(self.features, self.vectors, shares, ious, of_best, n_objects=len(truth))


class StepReads(Protocol):
    """What the finder asks of a run of a step."""

    @property
    def corpus(self) -> "Corpus":
        """The description of the corpus."""

    @property
    def runtime(self) -> "CorpusRuntime":
        """The corpus at work."""

    def look_up(self, table: str, *, columns: Sequence[str], among: Mapping[str, pa.Array]) -> pa.Table:
        """Rows of a table."""

    def artefacts(self) -> "Artefacts":
        """What is kept between runs."""

    def encoder_in_use(self) -> Any:
        """The encoder of all vectors."""

    def progress(self, text: str, total: int) -> Callable[[int], object]:
        """Reports how many are done."""


@dataclass(frozen=True, eq=False)
class MaskFinder:
    """Finds the masks of images for a step.

    Attributes:
        step_run: Reads the raw index, keeps what was found.
    """

    step_run: StepReads

    def found(self, sample_ids: Sequence[str]) -> dict[str, FoundMasks]:
        """The masks of each of the images; of one that is gone or fails, why there are none.

        Images that were looked at before, by the same segmenter at the same grid, are not looked at again.
        """
        wanted = sorted(set(sample_ids))
        advance = self.step_run.progress("masks of the grid", len(wanted))
        known: dict[str, FoundMasks] = {}
        for sample_id in wanted:
            kept = self.step_run.artefacts().get(self._name(sample_id))
            if kept is not None:
                known[sample_id] = _read(kept)
                advance(1)
        for sample_id, found in self._looked_at([each for each in wanted if each not in known]):
            if not found.failure:
                self.step_run.artefacts().put(self._name(sample_id), _written(found))
            known[sample_id] = found
            advance(1)
        return known

    def _looked_at(self, sample_ids: Sequence[str]) -> Iterator[tuple[str, FoundMasks]]:
        from joblib import cpu_count

        columns = ["sample_id", "uri", "metadata"]
        among = {"sample_id": pa.array(sample_ids, pa.string())}
        raw = self.step_run.look_up("raw_index", columns=columns, among=among)
        n_at_once = cpu_count()
        with ThreadPoolExecutor(n_at_once) as threads:
            for begin in range(0, len(sample_ids), n_at_once):
                few = sample_ids[begin : begin + n_at_once]
                images = [self._image(raw.filter(pc.equal(raw["sample_id"], each))) for each in few]
                for sample_id, image, found in zip(few, images, threads.map(self._of_grid, images), strict=True):
                    yield sample_id, self._with_vectors(image, found)

    def _image(self, rows: pa.Table) -> "NDArray[np.uint8] | str":
        """The pixels of an image, or why there are none."""
        try:
            ((_, image),) = whole_images(self.step_run.runtime, rows)
        except DataEngineError as error:
            return str(error)
        return image

    def _of_grid(self, image: "NDArray[np.uint8] | str") -> GridMasks | str:
        """What the grid finds, or why nothing can be proposed; runs beside that of other images."""
        if isinstance(image, str):
            return image
        over_at = time.monotonic() + self._settings.most_seconds
        try:
            return masks_from_grid(image, self.segmenter, self.grid, is_over=lambda: time.monotonic() > over_at)
        except DataEngineError as error:
            return str(error)

    def _with_vectors(self, image: "NDArray[np.uint8] | str", found: GridMasks | str) -> FoundMasks:
        if isinstance(image, str):
            return _nothing((1, 1), image)
        size = (image.shape[0], image.shape[1])
        if isinstance(found, str):
            return _nothing(size, found)
        crops = [cut_out(image, _box(mask, found.scale), _MARGIN) for mask in found.masks]
        vectors = self._encoder.encode(crops) if crops else np.empty((0, self._encoder.dim), np.float32)
        masks = np.array(found.masks) if found.masks else np.zeros((0, 1, 1), dtype=bool)
        return FoundMasks(size, masks, found.features, vectors, found.n_left_out)

    @cached_property
    def segmenter(self) -> "Segmenter":
        """That of the corpus, loaded."""
        return load_segmenter(self.step_run.corpus.labels.segmenter)

    @property
    def grid(self) -> PointGrid:
        """That of the corpus."""
        asked = self._settings
        return PointGrid(asked.points_per_side, asked.sizes, asked.least_area, most_masks=asked.most_masks)

    @cached_property
    def _encoder(self) -> "Encoder":
        return ready_encoder(self.step_run.corpus)

    @property
    def _settings(self) -> "ObjectProposals":
        return self.step_run.corpus.labels.object_proposals

    def _name(self, sample_id: str) -> str:
        made_by = [_FORM, self.segmenter.version, self.step_run.encoder_in_use().version, repr(self.grid)]
        return f"masks-{fingerprint([sample_id, *made_by])}"


def learnt_from(
    found: Mapping[str, FoundMasks], answers: Mapping[str, str], class_names: Sequence[str]
) -> list[SeenMasks]:
    """What a model learns from: the images without a failure, in the order of their ids."""
    return [found[key].seen(answers[key], class_names) for key in sorted(answers) if not found[key].failure]


def proposal(model: ObjectModel, found: FoundMasks, class_names: tuple[str, ...]) -> tuple[str, float, int]:
    """What is proposed of an image, how likely people would leave it as it is, and how many outlines are no answer."""
    seen: SeenMasks = found.seen(None, class_names)
    chosen, classes, probability = model.proposed(seen)
    labels = [class_names[int(classes[row])] for row in chosen]
    masks = [found.masks[row] for row in chosen]
    answer, n_lost = proposed_answer(masks, labels, size=found.size, class_names=class_names)
    # In single precision, as tables and the queue keep it, so that a threshold and what is held against it agree.
    return answer, float(np.float32(0 if n_lost else probability)), n_lost


def _box(mask: Mask, scale: float) -> tuple[int, int, int, int]:
    left, top, right, bottom = (round(side * scale) for side in bounding_box(mask))
    return left, top, max(right, left + 1), max(bottom, top + 1)


def _nothing(size: tuple[int, int], failure: str) -> FoundMasks:
    empty = np.zeros((0, len(FEATURES)), np.float32)
    return FoundMasks(size, np.zeros((0, 1, 1), bool), empty, np.zeros((0, 1), np.float32), failure=failure)


def _written(found: FoundMasks) -> bytes:
    buffer = io.BytesIO()
    shape = np.array([*found.size, *found.masks.shape, found.n_left_out])
    packed = np.packbits(found.masks)
    np.savez_compressed(buffer, shape=shape, masks=packed, features=found.features, vectors=found.vectors)
    return buffer.getvalue()


def _read(content: bytes) -> FoundMasks:
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        height, width, n, rows, columns, n_left_out = archive["shape"].tolist()
        masks = np.unpackbits(archive["masks"], count=n * rows * columns).reshape(n, rows, columns).astype(bool)
        return FoundMasks((height, width), masks, archive["features"], archive["vectors"], n_left_out)
