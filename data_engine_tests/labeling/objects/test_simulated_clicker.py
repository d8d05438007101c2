import json

import numpy as np
import pytest
from drawn_objects import drawn_object

from data_engine.errors import InvalidInput
from data_engine.labeling.answers.object_answers import ObjectAnswers, similarity
from data_engine.labeling.objects.simulated_clicker import SimulatedClicker
from data_engine.schemas import answer_text
from data_engine.segmentation import load_segmenter, to_polygons

DRAWN = drawn_object(3, side=64)


def as_answer(mask: np.ndarray) -> str:
    polygons = [ring.tolist() for ring in to_polygons(mask)]
    return answer_text({"size": [64, 64], "objects": [{"class": "blob", "polygons": polygons}]})


TRUTH = as_answer(DRAWN.mask)


def clicker(error_rate: float = 0.0) -> SimulatedClicker:
    return SimulatedClicker("one", error_rate, 1.0, 7, load_segmenter("ellipse"))


def test_an_object_is_clicked_until_it_is_good_enough_and_says_that_nobody_did() -> None:
    said = clicker().answer("s", DRAWN.image, TRUTH)
    ObjectAnswers().validate(said, ["blob"], of="test")
    (one,) = said["objects"]
    assert one["provenance"] == "simulated" and len(one["extreme_points"]) == 4 and one["n_edits"] == len(one["clicks"])
    assert similarity(answer_text(said), TRUTH) > 0.7
    assert said == clicker().answer("s", DRAWN.image, TRUTH)


def test_what_is_proposed_rightly_is_left_and_what_is_wrong_is_taken_out() -> None:
    wrong = {"class": "blob", "polygons": [[[0, 0], [9, 0], [9, 9], [0, 9]]]}
    proposed = json.loads(TRUTH)
    proposed["objects"].append(wrong)
    said = clicker().answer("s", DRAWN.image, TRUTH, answer_text(proposed))
    assert [one["n_edits"] for one in said["objects"]] == [0]
    assert said["objects"][0]["polygons"] == proposed["objects"][0]["polygons"]


def test_a_proposal_that_agrees_a_little_is_mended() -> None:
    half = DRAWN.mask.copy()
    half[:, : int(np.median(np.nonzero(DRAWN.mask)[1]))] = False
    said = clicker().answer("s", DRAWN.image, TRUTH, as_answer(half))
    assert said["objects"][0]["n_edits"] >= 1
    assert similarity(answer_text(said), TRUTH) > similarity(as_answer(half), TRUTH)


def test_one_that_sees_nothing_says_so() -> None:
    assert clicker(error_rate=1.0).answer("s", DRAWN.image, TRUTH)["objects"] == []
    with pytest.raises(InvalidInput, match="error_rate is 2"):
        clicker(error_rate=2)
