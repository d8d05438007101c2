"""Predictions of masks: where they come from, and what is refused with which words."""

import numpy as np
import pytest
from objects_on_page import HEIGHT, WIDTH, coins_on_page, ends

from data_engine.errors import InvalidInput, NotFound, SourceMissing
from data_engine.review_page.mask_predictions import MaskPredictions, MaskPrompt, PredictionFailed
from data_engine.review_page.page_corpus import ImagePixels
from data_engine.segmentation import Segmenter, decode_rle, to_mask


def predicted(prompt: MaskPrompt, **changes: object):
    return MaskPredictions().predict(coins_on_page(**changes), "s0", prompt)


def test_four_points_give_polygons_and_the_same_mask_as_run_lengths():
    found = predicted(MaskPrompt(ends(0)))
    mask = decode_rle(found.mask)
    assert mask.sum() == pytest.approx(np.pi * 40**2, rel=0.03)
    drawn = to_mask([np.array(ring) for ring in found.polygons], (HEIGHT, WIDTH))
    assert (drawn & mask).sum() >= 0.95 * (drawn | mask).sum()
    assert (found.segmenter, found.seconds >= 0) == ("ellipse-1", True)


def test_clicks_are_about_the_mask_before_as_run_lengths_or_as_polygons():
    before = predicted(MaskPrompt(ends(0)))
    inside, outside = (125.0, 80.0, True), (45.0, 80.0, False)
    for previous in (before.mask, before.polygons):
        mask = decode_rle(predicted(MaskPrompt(ends(0), [inside, outside], previous, 2)).mask)
        assert mask[80, 125] and not mask[80, 45]
    unknown = decode_rle(predicted(MaskPrompt(ends(0), [inside, outside])).mask)
    assert unknown[80, 125] and not unknown[80, 45]
    only_last = decode_rle(predicted(MaskPrompt(ends(0), [inside, outside], before.mask)).mask)
    assert not only_last[80, 125] and not only_last[80, 45]


def test_a_large_image_is_predicted_on_smaller_and_its_polygons_are_in_its_own_pixels():
    small = np.full((60, 160, 3), 90, np.uint8)
    found = predicted(
        MaskPrompt([[3000, 3000], [4500, 1500], [6000, 3000], [4500, 4500]]),
        pixels_of=lambda _: ImagePixels(small, (11_250, 30_000)),
    )
    left, top = np.concatenate(found.polygons).min(axis=0)
    assert found.mask is None
    assert (left, top) == (pytest.approx(3000, abs=200), pytest.approx(1500, abs=200))


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        (MaskPrompt(ends(0)[:3]), "give four xy"),
        (MaskPrompt([[10, 10]] * 4), "all lie at"),
        (MaskPrompt([*ends(0)[:3], [400, 10]]), r"extreme point \(400, 10\) is not inside the image of 320 x 240"),
        (MaskPrompt(ends(0), [(-1, 5, True)]), r"click \(-1, 5\) is not inside"),
        (MaskPrompt(ends(0), [(5, 5, True)], {"size": [9, 9], "counts": "x"}), r"previous mask is of \[9, 9\]"),
        (MaskPrompt(ends(0), [(5, 5, True)], {"size": [240, 320], "counts": "~~~"}), "compressed text of COCO"),
        (MaskPrompt(ends(0), [(5, 5, True)], [[[1, 1], [2, 2]]]), "at least 3 vertices"),
        (MaskPrompt(ends(0), [(5, 5, True)], [[[1, 1]] * 501]), "501 vertices; give at most 100 of at least 3"),
        (MaskPrompt(ends(0), [(5, 5, True)], [[[1, 1], [2, 2], [1e9, 1]]]), r"vertex \(1e\+09, 1\) is not inside"),
        (MaskPrompt(ends(0), [(5, 5, False)], [[[1, 1], [1, 1], [1, 1]]]), "the clicks leave nothing of the object"),
    ],
)
def test_what_a_hostile_page_sends_is_refused_in_a_sentence(prompt: MaskPrompt, words: str):
    with pytest.raises(InvalidInput, match=words):
        predicted(prompt)


def _segmenter(predict) -> Segmenter:
    return Segmenter("broken", "broken-1", predict)


@pytest.mark.parametrize(
    ("load", "words"),
    [
        (lambda: (_ for _ in ()).throw(SourceMissing("no weights")), "cannot be loaded .SourceMissing: no weights"),
        (lambda: _segmenter(lambda _: 1 / 0), "the segmenter failed .ZeroDivisionError: division by zero.; draw the"),
    ],
)
def test_a_broken_segmenter_is_told_apart_from_a_wrong_request(load, words: str):
    with pytest.raises(PredictionFailed, match=words):
        predicted(MaskPrompt(ends(0)), load_segmenter=load)


def test_a_mask_of_nothing_or_of_no_numbers_is_refused():
    for value, words in ((0.0, "finds nothing between the points"), (np.nan, "not finite")):
        load = lambda value=value: _segmenter(lambda crop: np.full(crop.pixels.shape[:2], value, np.float32))  # noqa: E731
        with pytest.raises(InvalidInput, match=words):
            predicted(MaskPrompt(ends(0)), load_segmenter=load)


def test_a_segmenter_is_loaded_once_and_a_corpus_without_one_says_so():
    loads = []
    corpus = coins_on_page(load_segmenter=lambda: loads.append(1) or coins_on_page().load_segmenter())
    predictions = MaskPredictions()
    predictions.warm_up(corpus, "s0")
    for _ in range(2):
        predictions.predict(corpus, "s0", MaskPrompt(ends(1)))
    assert loads == [1]
    with pytest.raises(NotFound, match="has no segmenter; draw outlines by hand"):
        predicted(MaskPrompt(ends(0)), load_segmenter=None)
    with pytest.raises(NotFound, match="have no images"):
        predicted(MaskPrompt(ends(0)), pixels_of=None)
