import numpy as np
import pytest
from object_project import coins_at

from data_engine.errors import NotEnoughData
from data_engine.labeling.gate import certify_scores
from data_engine.runtime.objects import learnt_masks
from data_engine.runtime.objects.learnt_masks import Judged
from data_engine.runtime.objects.mask_candidates import FoundMasks


def test_what_is_certified_is_the_share_of_images_that_are_left_as_they_are() -> None:
    scores, is_left = np.linspace(0.5, 0.99, 60), np.arange(60) >= 10
    judged = Judged({}, scores, is_left, certify_scores(scores, is_left, target_precision=0.9))
    columns = judged.columns()
    assert columns["n_hold_out"] == 60 and columns["accuracy"] == 50 / 60
    assert columns["gate_threshold"] == pytest.approx(scores[8]) and columns["gate_lower_bound"] >= 0.9
    error, is_right = judged.errors
    assert error[-1] == pytest.approx(2 * 0.01**2) and is_right.sum() == 50


def test_figures_count_images_and_the_objects_of_each_class() -> None:
    judged = Judged({"a": coins_at(0, 30), "b": coins_at(0)}, np.array([0.9, 0.2]), np.array([True, False]), None)  # type: ignore[arg-type]
    found = learnt_masks._figures(judged, {"a": coins_at(0, 30), "b": coins_at(0, 30)}, ("coin",))
    told = {(row["slice"], row["metric"]): (row["share"], row["n"]) for row in found}
    assert told == {("all", "accuracy"): (0.5, 2), ("class", "precision"): (1.0, 3), ("class", "recall"): (0.75, 4)}


def test_where_every_image_fails_the_message_has_what_the_first_says() -> None:
    none = FoundMasks((1, 1), np.zeros((0, 1, 1), bool), np.zeros((0, 8)), np.zeros((0, 1)), failure="torn weights")
    with pytest.raises(NotEnoughData, match="none of 1 answered images has a proposed mask; the first says: torn weig"):
        learnt_masks._refuse_all_failed({"a": none})
