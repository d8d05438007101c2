"""Draws small enough to compute by hand, and a peer's measure of the same."""

from math import log

import numpy as np
import pytest
from scipy.stats import dirichlet
from skactiveml.pool import batch_bald

from data_engine.labeling import choose, utility
from data_engine.labeling.strategies.bayesian import (
    dirichlet_entropy,
    dirichlet_information,
    mutual_information,
    predictive_entropy,
)

#: Two classifiers, three rows: both unsure, each sure of another class, both sure of the same one.
DRAWS = np.array([[[0.5, 0.5], [1.0, 0.0], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]]])


def _draws(n_draws: int = 8, n: int = 50, n_classes: int = 4) -> np.ndarray:
    return np.random.default_rng(0).dirichlet(np.full(n_classes, 0.7), size=(n_draws, n))


def test_the_entropy_of_the_mean_does_not_tell_doubt_from_disagreement_and_the_information_does() -> None:
    assert predictive_entropy(DRAWS) == pytest.approx([log(2), log(2), 0])
    assert mutual_information(DRAWS) == pytest.approx([0, log(2), 0])


def test_mutual_information_is_what_a_peer_computes() -> None:
    draws = _draws()
    # A batch of one by batch BALD is the one of greatest mutual information.
    utilities = batch_bald(draws.copy(), batch_size=1, random_state=0)
    assert mutual_information(draws) == pytest.approx(utilities[0], abs=1e-6)


def test_the_entropy_of_a_fitted_dirichlet_distribution_is_near_that_of_the_true_one() -> None:
    for alpha in ([1.0, 1.0, 1.0], [20.0, 20.0, 20.0], [0.8, 3.0, 6.0]):
        draws = np.random.default_rng(1).dirichlet(alpha, size=(4000, 1))
        assert dirichlet_entropy(draws) == pytest.approx([dirichlet.entropy(alpha)], abs=0.1)


def test_the_information_of_a_fitted_dirichlet_distribution_is_that_of_many_draws() -> None:
    for alpha in ([1.0, 1.0, 1.0], [20.0, 20.0, 20.0], [0.8, 3.0, 6.0]):
        draws = np.random.default_rng(1).dirichlet(alpha, size=(4000, 1))
        assert dirichlet_information(draws) == pytest.approx(mutual_information(draws), abs=0.01)


def test_a_peak_in_the_middle_is_less_worth_than_not_knowing() -> None:
    rng = np.random.default_rng(2)
    flat, overlap = rng.dirichlet([1, 1, 1], size=(500, 1)), rng.dirichlet([300, 300, 300], size=(500, 1))
    both = dirichlet_entropy(np.concatenate([flat, overlap], axis=1))
    assert both[0] > both[1] + 3


def test_draws_that_all_agree_give_numbers() -> None:
    same = np.tile(np.array([[1.0, 0.0], [0.5, 0.5]]), (5, 1, 1))
    assert np.isfinite(dirichlet_entropy(same)).all()
    assert mutual_information(same) == pytest.approx([0, 0])


@pytest.mark.parametrize("name", ["bald", "mc_dirichlet"])
def test_where_classifiers_disagree_is_asked_before_where_all_are_unsure(name: str) -> None:
    rng = np.random.default_rng(3)
    unsure = rng.dirichlet([2000, 2000], size=(30, 20))
    split = rng.dirichlet([0.2, 0.2], size=(30, 20))
    draws = np.concatenate([unsure, split], axis=1)
    x = rng.normal(size=(40, 3))
    known = {"embeddings": x, "labelled": [], "labels": [], "probabilities": draws.mean(axis=0)}
    rows = choose(name, batch_size=20, seed=0, **known, sampled_probabilities=draws)
    assert sorted(rows.tolist()) == list(range(20, 40))


@pytest.mark.parametrize("name", ["mc_dropout", "bald", "mc_dirichlet"])
def test_the_classifiers_are_drawn_of_the_one_in_service_where_it_has_dropout(name: str) -> None:
    x = np.random.default_rng(3).normal(size=(30, 2)).astype(np.float32)

    def draw(rows: np.ndarray, n_draws: int, seed: int) -> np.ndarray:
        """Classifiers that disagree where the first value is above 0, and are all sure elsewhere."""
        first = np.where(rows[:, 0] > 0, np.arange(n_draws)[:, None] % 2 * 0.9 + 0.05, 0.99)
        assert (n_draws, seed) == (20, 4)
        return np.stack([first, 1 - first], axis=2)

    n_wanted = int((x[:, 0] > 0).sum())
    mean = draw(x, 20, 4).mean(axis=0)
    rows = choose(
        name, batch_size=n_wanted, seed=4, embeddings=x, labelled=[], labels=[], probabilities=mean, draw=draw
    )
    assert set(rows.tolist()) == set(np.flatnonzero(x[:, 0] > 0).tolist())
    assert (utility(name, mean, embeddings=x, draw=lambda *given: draw(given[0], 20, 4))[x[:, 0] > 0] > 0).all()
