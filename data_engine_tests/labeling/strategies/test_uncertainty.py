import numpy as np
import pytest
from skactiveml.pool import uncertainty_scores

from data_engine.labeling import choose, utility
from data_engine.labeling.strategies.uncertainty import entropy, least_confidence, margin

THREE = np.array([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [0.9, 0.1, 0.0]])


def test_margin_is_one_minus_the_lead() -> None:
    assert utility("margin", THREE) == pytest.approx([1.0, 0.9, 0.2])


def test_least_confidence_is_one_minus_the_top() -> None:
    assert utility("least_confidence", THREE) == pytest.approx([0.5, 0.6, 0.1])


def test_entropy_is_in_nats() -> None:
    assert utility("entropy", THREE)[0] == pytest.approx(np.log(2))
    assert utility("entropy", np.full((1, 4), 0.25)) == pytest.approx([np.log(4)])


@pytest.mark.parametrize("name", ["margin", "entropy", "least_confidence"])
def test_the_highest_utility_is_asked_first(name: str) -> None:
    x = np.eye(3, dtype=np.float32)
    rows = choose(name, batch_size=3, seed=0, embeddings=x, labelled=[], labels=[], probabilities=THREE)
    assert rows.tolist() == np.argsort(-utility(name, THREE)).tolist()


def test_the_measures_are_those_of_a_peer() -> None:
    probabilities = np.random.default_rng(0).dirichlet(np.full(6, 0.6), size=200)
    for mine, method in ((least_confidence, "least_confident"), (margin, "margin_sampling"), (entropy, "entropy")):
        assert mine(probabilities) == pytest.approx(uncertainty_scores(probabilities, method=method))
