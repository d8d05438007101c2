import numpy as np

from data_engine.labeling.models.adam import descend


def test_a_vector_goes_to_the_minimum_and_a_matrix_without_slope_decays() -> None:
    target = np.array([1.0, -2.0], dtype=np.float32)
    vector, matrix = np.zeros(2, dtype=np.float32), np.ones((2, 2), dtype=np.float32)
    seen = []

    def gradients_of(rows: np.ndarray) -> list[np.ndarray]:
        seen.append(sorted(rows.tolist()))
        return [vector - target, np.zeros_like(matrix)]

    descend([vector, matrix], gradients_of, 3, np.random.default_rng(0), rates=[0.02, 0.5])
    np.testing.assert_allclose(vector, target, atol=1e-3)
    # 600 steps of 0.5 x 0.01, falling to 0 along half a cosine.
    np.testing.assert_allclose(matrix, np.exp(-1.5), rtol=0.01)
    assert seen == [[0, 1, 2]] * 600
