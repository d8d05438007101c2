"""A subset is judged on samples that it could not hold, by a classifier that saw nothing else."""

import numpy as np
import pytest
from numpy.typing import NDArray

from data_engine.labeling.subset_proof import Way, judged, prove, split


def corpus() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """90 unit rows around three axes: 60, 20 and 8 of known label, and 2 of none."""
    rng = np.random.default_rng(0)
    label = np.repeat([0, 1, 2, -1], (60, 20, 8, 2))
    x = np.eye(6)[label] + rng.normal(scale=0.1, size=(90, 6))
    return (x / np.linalg.norm(x, axis=1, keepdims=True)).astype(np.float32), label


def first(x: NDArray[np.floating], target: int, _: int) -> NDArray[np.int64]:
    return np.arange(target)


def spread(x: NDArray[np.floating], target: int, _: int) -> NDArray[np.int64]:
    return np.linspace(0, len(x) - 1, target).astype(np.int64)


def test_a_quarter_of_each_label_is_held_out_and_never_in_the_pool() -> None:
    _, label = corpus()
    found = split(label, seed=1, at_most=90)
    assert np.bincount(label[found.held_out]).tolist() == [15, 5, 2]
    assert not set(found.pool.tolist()) & set(found.held_out.tolist())
    assert len(found.pool) + len(found.held_out) == 90
    assert found.classes.tolist() == [0, 1, 2]
    assert split(label, seed=2, at_most=90).held_out.tolist() != found.held_out.tolist()


def test_labels_of_too_few_samples_are_not_judged_and_without_labels_a_tenth_is_held_out() -> None:
    few = split(np.repeat([0, 1, 2], (10, 10, 3)), seed=0, at_most=100)
    assert few.classes.tolist() == [0, 1]
    none = split(np.full(50, -1), seed=0, at_most=30)
    assert (len(none.held_out), len(none.pool), len(none.classes)) == (3, 27, 0)


def test_a_subset_that_lacks_a_label_is_worse_by_what_the_label_is_worth() -> None:
    x, label = corpus()
    found = split(label, seed=1, at_most=90)
    whole = judged(x, label, found.pool, found, is_trained_on=True)
    assert (whole["macro_accuracy"], whole["rare_recall"], whole["class_coverage"]) == (1, 1, 1)
    without = judged(x, label, found.pool[label[found.pool] != 2], found, is_trained_on=True)
    assert without["macro_accuracy"] == pytest.approx(2 / 3)
    assert (without["rare_recall"], without["class_coverage"]) == (0, pytest.approx(2 / 3))
    assert without["distance"] > whole["distance"] > 0


def test_every_way_is_judged_on_the_same_splits_and_the_curve_on_the_first_alone() -> None:
    x, label = corpus()
    ways = [Way("first", 0.5, first), Way("spread", 0.5, spread), Way("spread", 1.0, spread, is_trained_on=False)]
    table = prove(x, label, ways, 0.1, seed=3, n_draws=2, at_most=90)
    rows = table.to_pylist()
    assert [(row["method"], row["evenness"], row["draw"]) for row in rows] == [
        ("first", 0.5, 0),
        ("spread", 0.5, 0),
        ("spread", 1.0, 0),
        ("first", 0.5, 1),
        ("spread", 0.5, 1),
    ]
    # Rows are in the order of their labels: the first seven are all of the largest.
    assert rows[0]["class_coverage"] == pytest.approx(1 / 3)
    assert rows[1]["macro_accuracy"] > rows[0]["macro_accuracy"] == pytest.approx(1 / 3)
    assert rows[2]["macro_accuracy"] is None
    assert rows[2]["distance"] == rows[1]["distance"]
    assert {row["n_chosen"] for row in rows} == {7}
    assert prove(x, label, ways, 0.1, seed=3, n_draws=2, at_most=90).equals(table)


def test_without_known_labels_only_the_distance_is_measured() -> None:
    x, _ = corpus()
    (row,) = prove(x, np.full(90, -1), [Way("spread", 0.5, spread)], 0.2, seed=0, n_draws=1, at_most=90).to_pylist()
    assert row["macro_accuracy"] is row["class_coverage"] is row["n_classes"] is None
    assert 0 < row["distance"] < 1


def test_one_sample_cannot_be_split() -> None:
    assert prove(np.ones((1, 2), np.float32), np.array([0]), [], 1.0, seed=0, n_draws=3, at_most=9).num_rows == 0
