"""The published simulation in the plane: points, and how far their density is from uniform."""

import numpy as np


def plane(seed: int) -> np.ndarray:
    """(9000, 2): three Gaussians of 7000, 1000 and 500 points, and 500 uniform ones on [-3, 3]^2."""
    rng = np.random.default_rng(seed)
    blobs = [rng.normal(at, 0.5, (n, 2)) for at, n in (((-1, -1), 7000), ((1, -1), 1000), ((0, 1), 500))]
    return np.concatenate([*blobs, rng.uniform(-3, 3, (500, 2))]).astype(np.float32)


def divergence_in_the_plane(points: np.ndarray) -> float:
    """KL of a Gaussian density estimate (bandwidth 0.5, grid 0.02) to the uniform density on [-3, 3]^2."""
    grid = np.arange(-3, 3.001, 0.02)
    along_x, along_y = (np.exp(-0.5 * ((grid[:, None] - points[:, axis]) / 0.5) ** 2) for axis in (0, 1))
    density = along_x @ along_y.T
    density /= density.sum()
    return float((density * np.log(density * density.size)).sum())
