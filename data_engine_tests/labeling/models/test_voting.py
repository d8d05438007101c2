import numpy as np

from data_engine.labeling.models.voting import votes


def test_nearer_samples_weigh_more_and_shares_sum_to_one() -> None:
    memory = np.array([[1, 0], [0.8, 0.6], [0, 1]], dtype=np.float32)
    shares = votes(np.array([[1, 0]], dtype=np.float32), memory, np.array([0, 1, 1]), 3, 2)
    # Similarities 1 and 0.8, so weights 1 and exp(-2).
    np.testing.assert_allclose(shares, [[1 / (1 + np.exp(-2)), np.exp(-2) / (1 + np.exp(-2)), 0]], atol=1e-6)
