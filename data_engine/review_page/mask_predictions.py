"""Predictions of masks for the editor: one segmenter for each corpus, loaded once; what a page sends is checked here.

Masks of whole answers are checked by their kind, in `labeling/answers/object_forms.py`.
"""

import logging
import threading
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import ContentMissing, DataEngineError, InvalidInput, NotFound
from data_engine.review_page.kept_pixels import KeptPixels
from data_engine.review_page.newest_work import NewestWork
from data_engine.review_page.page_corpus import OBJECTS, ImagePixels, PageCorpus
from data_engine.segmentation import Segmenter, decode_rle, encode_rle, to_mask, to_polygons

MOST_VERTICES, MOST_RINGS = 500, 100
#: Of larger images the polygons alone are given: run lengths of them would take long to check with an answer.
_MOST_PIXELS_OF_RLE = 4_000_000
#: How far polygons agree with the mask: the most that at most so many vertices allow.
_MIN_IOUS = (0.95, 0.9, 0.8)

_Mask = NDArray[np.bool_]


class PredictionFailed(DataEngineError):
    """A segmenter that cannot be loaded, or that raises what it must not."""


@dataclass(frozen=True)
class MaskPrompt:
    """What a mask is predicted from.

    Attributes:
        extreme_points: xy in pixels of the image.
        clicks: x, y and whether the place is inside, the latest last.
        previous: The mask that the last `n_new_clicks` clicks are about: run lengths, or rings of polygons.
        n_new_clicks: Clicks that are not in the previous mask yet.
    """

    extreme_points: Sequence[Sequence[float]]
    clicks: Sequence[tuple[float, float, bool]] = ()
    previous: Mapping[str, Any] | Sequence[Sequence[Sequence[float]]] | None = None
    n_new_clicks: int = 1


@dataclass(frozen=True)
class PredictedMask:
    """Polygons in pixels of the image, the mask as run lengths (None where it is too large), and how long it took."""

    polygons: list[list[list[float]]]
    mask: dict[str, Any] | None
    seconds: float
    segmenter: str


@dataclass(frozen=True, eq=False)
class MaskPredictions:
    """What predicts masks for everybody at a page."""

    work: NewestWork = field(default_factory=NewestWork)
    pixels: KeptPixels = field(default_factory=KeptPixels)
    _segmenters: dict[str, Segmenter] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _predicting: threading.Lock = field(default_factory=threading.Lock)

    def submit(self, key: Hashable, corpus: PageCorpus, sample_id: str, prompt: MaskPrompt) -> "Future[Any]":
        """Predict soon, in the place of what was asked with the same key: the same object. Raises: TooBusy."""
        return self.work.submit(key, lambda: self.predict(corpus, sample_id, prompt))

    def warm_up(self, corpus: PageCorpus, sample_id: str) -> None:
        """Load what the first prediction of a sample needs, when there is nothing else to do; it never fails."""

        def load() -> None:
            self._image(corpus, sample_id)
            self._segmenter(corpus)

        try:
            self.work.submit((corpus.name, sample_id), load, is_urgent=False)
        except DataEngineError:
            return

    def size_of(self, corpus: PageCorpus, sample_id: str) -> tuple[int, int] | None:
        """Height and width of an image that objects are outlined in; None for other corpora, and where it is gone."""
        if corpus.kind != OBJECTS:
            return None
        try:
            return self._image(corpus, sample_id).size_px
        except (ContentMissing, NotFound):
            return None

    def predict(self, corpus: PageCorpus, sample_id: str, prompt: MaskPrompt) -> PredictedMask:
        """The mask of one object.

        Raises: NotFound where a corpus has no images; ContentMissing; InvalidInput for places outside the image, other
            than four points, a previous mask of another form or size, a mask of nothing; PredictionFailed.
        """
        image, segmenter = self._image(corpus, sample_id), self._segmenter(corpus)
        began = time.perf_counter()
        height, width = image.size_px
        scale = np.array([image.pixels.shape[1] / width, image.pixels.shape[0] / height])
        points = _inside(prompt.extreme_points, "extreme point", image.size_px) * scale
        places = _inside([click[:2] for click in prompt.clicks], "click", image.size_px).reshape(-1, 2) * scale
        clicks = [(float(x), float(y), bool(c[2])) for (x, y), c in zip(places, prompt.clicks, strict=True)]
        mask = None if prompt.previous is None else _previous(prompt.previous, image, scale)
        n_known = len(clicks) - min(prompt.n_new_clicks, len(clicks)) if mask is not None else len(clicks)
        for n_clicks in range(n_known + (mask is not None), len(clicks) + 1):
            # Runtimes of networks take one image at a time.
            with self._predicting:
                mask = _predicted(segmenter, image.pixels, points, clicks[:n_clicks], mask)
        if mask is None or not mask.any():
            raise InvalidInput("the clicks leave nothing of the object; undo the last one, or delete the object")
        rings = [(ring / scale).round(2).tolist() for ring in _few_vertices(mask)]
        is_exact = scale.tolist() == [1, 1] and mask.size <= _MOST_PIXELS_OF_RLE
        found = encode_rle(mask) if is_exact else None
        return PredictedMask(rings, found, round(time.perf_counter() - began, 4), segmenter.version)

    def _image(self, corpus: PageCorpus, sample_id: str) -> ImagePixels:
        read = corpus.pixels_of
        if read is None:
            raise NotFound(f"the tasks of corpus {corpus.name} have no images")
        return self.pixels.get((corpus.name, sample_id), lambda: read(sample_id))

    def _segmenter(self, corpus: PageCorpus) -> Segmenter:
        with self._lock:
            if corpus.name not in self._segmenters:
                if corpus.load_segmenter is None:
                    raise NotFound(f"corpus {corpus.name} has no segmenter; draw outlines by hand")
                self._segmenters[corpus.name] = _told("cannot be loaded", corpus.load_segmenter)
            return self._segmenters[corpus.name]


def _predicted(
    segmenter: Segmenter,
    pixels: NDArray[np.uint8],
    points: NDArray[np.float64],
    clicks: Sequence[tuple[float, float, bool]],
    mask: _Mask | None,
) -> _Mask:
    found: _Mask = _told("failed", lambda: segmenter.predict(pixels, points, clicks, mask))
    return found


def _told(what: str, work: Callable[[], Any]) -> Any:
    """The result of a segmenter's work; what it must not raise is told in a sentence, and in the log as it is."""
    try:
        return work()
    except InvalidInput:
        raise
    except Exception as error:
        logging.getLogger(__name__).exception("the segmenter %s", what)
        said = f"{type(error).__name__}: {error}"[:200]
        raise PredictionFailed(
            f"the segmenter {what} ({said}); draw the outline by hand, and tell who runs this page"
        ) from error


def _inside(places: Sequence[Sequence[float]], name: str, size_px: tuple[int, int]) -> NDArray[np.float64]:
    height, width = size_px
    for x, y in places:
        if not (0 <= x <= width and 0 <= y <= height):
            raise InvalidInput(
                f"the {name} ({x:g}, {y:g}) is not inside the image of {width:,} x {height:,} pixels; move it"
            )
    return np.array(places, dtype=np.float64)


def _previous(found: object, image: ImagePixels, scale: NDArray[np.float64]) -> _Mask:
    shape = (image.pixels.shape[0], image.pixels.shape[1])
    if isinstance(found, Mapping):
        mask = found if tuple(found.get("size", ())) == shape == image.size_px else None
        if mask is None:
            raise InvalidInput(
                f"the previous mask is of {str(found.get('size'))[:40]}, and the image has {list(image.size_px)}; give "
                "polygons, or the mask of this image"
            )
        return decode_rle(mask)
    rings = found if isinstance(found, list) else []
    n_vertices = sum(map(len, rings))
    if not 0 < len(rings) <= MOST_RINGS or n_vertices > MOST_VERTICES or any(len(ring) < 3 for ring in rings):
        raise InvalidInput(
            f"the previous mask has {len(rings):,} polygons with {n_vertices:,} vertices; give at most "
            f"{MOST_RINGS} of at least 3 vertices, and at most {MOST_VERTICES} in all"
        )
    return to_mask([_inside(ring, "vertex", image.size_px) * scale for ring in rings], shape)


def _few_vertices(mask: _Mask) -> list[NDArray[np.float64]]:
    for min_iou in _MIN_IOUS:
        rings = to_polygons(mask, min_iou=min_iou)
        if sum(map(len, rings)) <= MOST_VERTICES:
            return rings
    raise InvalidInput(
        f"the outline of what was found needs {sum(map(len, rings)):,} vertices, and an object has at most "
        f"{MOST_VERTICES}; click at its four ends again, or draw it by hand"
    )
