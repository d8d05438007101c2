import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling import label_quality
from data_engine.labeling.quality import out_of_fold_probabilities


def test_swapped_labels_come_last(make_classes) -> None:
    data = make_classes(200, 4)
    wrong = np.array([3, 50, 101, 160])
    labels = data.y.copy()
    labels[wrong] = (labels[wrong] + 1) % 4
    quality = label_quality(data.x, labels, seed=0)
    assert quality.dtype == np.float64
    assert set(np.argsort(quality)[:4]) == set(wrong)
    assert ((quality >= 0) & (quality <= 1)).all()


def test_the_only_sample_of_a_class_cannot_be_judged(make_classes) -> None:
    data = make_classes(41, 2)
    labels = data.y.copy()
    labels[40] = 9
    quality = label_quality(data.x, labels, seed=0)
    assert quality[40] == 0.5
    assert quality[:40].min() > 0.5


@pytest.mark.parametrize("labels", [[], [3], [0, 1], [2, 2, 2]])
def test_pools_too_small_or_uniform_to_judge_get_one_half(labels: list[int]) -> None:
    x = np.eye(4, dtype=np.float32)[: len(labels)]
    assert label_quality(x, np.array(labels, dtype=int), seed=0).tolist() == [0.5] * len(labels)


def test_two_classes_of_two_are_judged(make_classes) -> None:
    data = make_classes(4, 2, noise=0.05)
    good = label_quality(data.x, data.y, seed=0)
    bad = label_quality(data.x, np.array([0, 0, 1, 1]), seed=0)
    assert good.min() > bad.max()


def test_same_seed_same_quality_and_wrong_shapes_refused(make_classes) -> None:
    data = make_classes(50, 3)
    assert (label_quality(data.x, data.y, seed=3) == label_quality(data.x, data.y, seed=3)).all()
    with pytest.raises(InvalidInput, match="labels has 49 rows but 50 are needed"):
        label_quality(data.x, data.y[:-1], seed=0)


def test_labels_that_no_neighbour_has_are_in_the_order_of_their_confidence(make_classes) -> None:
    data = make_classes(120, 3)
    labels = data.y.copy()
    wrong = np.flatnonzero(data.y == 0)[:2]
    labels[wrong] = [1, 2]
    found = label_quality(data.x, labels, seed=0)
    confidence = out_of_fold_probabilities(data.x, labels, seed=0, n_classes=3)[wrong, [1, 2]]
    assert found[wrong] == pytest.approx(np.sqrt(0.01 * confidence))
    assert 0 < found[wrong].max() < np.delete(found, wrong).min()
