import json

import numpy as np
import pytest

from data_engine.labeling.answers.object_answers import ObjectAnswers
from data_engine.labeling.objects import proposed_answers
from data_engine.labeling.objects.proposed_answers import proposed_answer, reviewed_masks

MASK = np.zeros((20, 30), dtype=bool)
MASK[5:15, 10:20] = True


def test_masks_become_an_answer_in_pixels_of_the_image() -> None:
    answer, n_lost = proposed_answer([MASK], ["coin"], size=(40, 60), class_names=["coin"])
    (one,) = json.loads(answer)["objects"]
    assert sorted(map(tuple, one["polygons"][0])) == [(20, 10), (20, 30), (40, 10), (40, 30)]
    assert (one["class"], one["provenance"], n_lost) == ("coin", "model_auto", 0)
    assert ObjectAnswers().validate(answer, ["coin"], of="a test") == answer
    masks, classes = reviewed_masks(answer, (20, 30), ["ring", "coin"])
    assert (masks[0] == MASK).all() and classes == [1]


@pytest.mark.parametrize("size", [(20, 30), (40, 60)])
def test_no_masks_are_no_objects(size: tuple[int, int]) -> None:
    answer, n_lost = proposed_answer([], [], size=size, class_names=["coin"])
    assert json.loads(answer) == {"size": list(size), "objects": []} and n_lost == 0


def test_two_thousand_masks_are_cut_to_what_an_answer_may_hold_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    square = [[[1.0, 1.0], [9.0, 1.0], [9.0, 9.0]]]
    monkeypatch.setattr(proposed_answers, "_polygons", lambda _mask, _size: square)
    answer, n_lost = proposed_answer([MASK] * 2000, ["coin"] * 2000, size=(20, 30), class_names=["coin"])
    assert len(json.loads(answer)["objects"]) == 1000 and n_lost == 1000


def test_a_mask_of_nothing_is_no_object_and_is_counted() -> None:
    answer, n_lost = proposed_answer([np.zeros_like(MASK), MASK], ["coin"] * 2, size=(20, 30), class_names=["coin"])
    assert len(json.loads(answer)["objects"]) == 1 and n_lost == 1
