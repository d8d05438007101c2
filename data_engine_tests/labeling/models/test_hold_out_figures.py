import numpy as np
import pytest

from data_engine.labeling.models.hold_out_figures import figures

TRUTH = np.array([0, 0, 0, 1, 1, 2])
PREDICTED = np.array([0, 0, 1, 1, 1, 1])


def test_precision_and_recall_of_each_class_and_the_accuracy_of_each_slice() -> None:
    batches = ["may", "may", "june", "june", "june", None]
    found = figures(TRUTH, {"all": PREDICTED}, ("a", "b", "c", "d"), {"batch": batches})
    assert [(f.slice, f.value, f.metric, round(f.share, 3), f.n) for f in found] == [
        ("class", "a", "precision", 1.0, 2),
        ("class", "a", "recall", 0.667, 3),
        ("class", "b", "precision", 0.5, 4),
        ("class", "b", "recall", 1.0, 2),
        ("class", "c", "recall", 0.0, 1),
        ("all", "all", "accuracy", 0.667, 6),
        ("batch", "june", "accuracy", 0.667, 3),
        ("batch", "may", "accuracy", 1.0, 2),
    ]
    recall = found[3]
    assert (recall.low, recall.high) == (pytest.approx(0.05 ** (1 / 2)), 1.0)


def test_every_arm_has_figures_of_its_own_and_the_commonest_values_are_told_apart() -> None:
    values = [f"value {number}" for number in range(6)]
    found = figures(TRUTH, {"all": TRUTH, "control": PREDICTED}, ("a", "b", "c"), {"tag": values})
    of_control = [f.share for f in found if (f.trained_on, f.slice) == ("control", "all")]
    assert of_control == [pytest.approx(4 / 6)]
    many = figures(np.zeros(30, int), {"all": np.zeros(30, int)}, ("a",), {"tag": [str(n) for n in range(30)]})
    assert sum(f.slice == "tag" for f in many) == 20
