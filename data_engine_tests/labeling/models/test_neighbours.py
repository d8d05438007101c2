import numpy as np

from data_engine.labeling.models.micro_model import examples_of
from data_engine.labeling.models.neighbours import fit_neighbours


def test_a_class_that_was_seen_is_never_impossible_and_one_that_was_not_is() -> None:
    examples = examples_of(np.eye(2), np.array([0, 1]), n_classes=3)
    probabilities = fit_neighbours(examples, 0).predict_proba(np.eye(2, dtype=np.float32)[:1])
    weights = np.array([1, np.exp(-10)])
    shares = 0.9 * weights / weights.sum() + 0.05
    np.testing.assert_allclose(probabilities, [[*shares, 0]], atol=1e-6)
