from itertools import combinations

import numpy as np
import pytest

from data_engine.labeling import choose
from data_engine.labeling.strategies import hybrid
from data_engine.labeling.strategies.hybrid import pick_for_doubt
from data_engine.labeling.strategies.strategy import Pool


def test_hybrid_without_a_classifier_takes_one_typical_sample_of_each_group(make_classes) -> None:
    data = make_classes(100, 5, noise=0.1)
    rows = choose("hybrid", batch_size=5, seed=0, embeddings=data.x, labelled=[], labels=[])
    assert sorted(data.y[rows]) == [0, 1, 2, 3, 4]


def test_hybrid_prefers_groups_without_a_label(make_classes) -> None:
    data = make_classes(100, 5, noise=0.1)
    labelled = np.flatnonzero(data.y < 3)[:3]
    rows = choose("hybrid", batch_size=2, seed=0, embeddings=data.x, labelled=labelled, labels=data.y[labelled])
    assert sorted(data.y[rows]) == [3, 4]


def test_hybrid_spreads_its_uncertain_picks_over_groups(make_classes) -> None:
    """Two groups equally uncertain, one of them a little more: margin takes one group only, hybrid both."""
    data = make_classes(80, 2, noise=0.1)
    lead = np.where(data.y == 0, 0.0, 0.02)
    probabilities = np.stack([0.5 + lead / 2, 0.5 - lead / 2], axis=1)
    known = {"embeddings": data.x, "labelled": [0, 1, 2, 3], "labels": [0, 1, 0, 1], "probabilities": probabilities}
    assert set(data.y[choose("margin", batch_size=6, seed=0, **known)]) == {0}
    assert set(data.y[choose("hybrid", batch_size=6, seed=0, **known)]) == {0, 1}


def test_of_equal_doubt_the_one_that_many_are_like_comes_before_the_one_that_is_alone() -> None:
    x = np.array([[1, 0, 0]] * 5 + [[0, 1, 0], [0, 0, 1]], dtype=np.float32)
    probabilities = np.full((7, 2), 0.5)
    rows = choose("hybrid", batch_size=3, seed=0, embeddings=x, labelled=[6], labels=[0], probabilities=probabilities)
    assert rows[0] in range(5)
    assert rows[1] == 5
    # All that is left is covered; still another row is given.
    assert rows[2] in range(5)


def test_what_a_labelled_row_resembles_comes_last_however_unsure_it_is() -> None:
    x = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    probabilities = np.array([[0.5, 0.5], [0.5, 0.5], [0.9, 0.1]])
    rows = choose("hybrid", batch_size=2, seed=0, embeddings=x, labelled=[0], labels=[0], probabilities=probabilities)
    assert rows.tolist() == [2, 1]


def test_the_greedy_picks_come_near_the_best_coverage_there_is() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12, 4)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    utilities = rng.random(12)
    covers = np.maximum(x @ x.T, 0) ** 2

    def coverage(rows: tuple[int, ...]) -> float:
        return float((utilities**2 * covers[:, list(rows)].max(axis=1)).sum())

    rows = pick_for_doubt(Pool(np.arange(12), 2, 0, x), utilities, 3)
    best = max(coverage(each) for each in combinations(range(12), 3))
    assert coverage(tuple(rows.tolist())) >= (1 - 1 / np.e) * best


@pytest.mark.parametrize("n_wanted", [40, 200])
def test_a_large_pool_is_looked_at_in_part_and_the_doubt_found_all_the_same(monkeypatch, n_wanted: int) -> None:
    monkeypatch.setattr(hybrid, "LARGEST", 64)
    monkeypatch.setattr(hybrid, "_AT_ONCE", 16)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 8)).astype(np.float32)
    utilities = np.where(np.arange(1000) < 100, 0.9, 0.01)
    rows = pick_for_doubt(Pool(np.arange(1000), 2, 0, x), utilities, n_wanted)
    assert len(set(rows.tolist())) == n_wanted
    assert (rows[:40] < 100).mean() > 0.75


def test_rows_that_are_looked_at_stand_for_all() -> None:
    weights = np.random.default_rng(1).random(20_000) ** 4
    places, counts = hybrid._looked_at(weights, np.arange(20_000), np.random.default_rng(2))
    assert len(set(places.tolist())) == hybrid.LARGEST
    assert counts.sum() == pytest.approx(weights.sum(), rel=0.05)


def test_hybrid_balanced_asks_first_where_the_predicted_class_has_few_labels() -> None:
    x = np.eye(6, dtype=np.float32)
    probabilities = np.array([[0.6, 0.4]] * 4 + [[0.4, 0.6]] * 2)
    known = {"embeddings": x, "labelled": [0, 1], "labels": [0, 0], "probabilities": probabilities}
    assert sorted(choose("hybrid_balanced", batch_size=2, seed=0, **known).tolist()) == [4, 5]
