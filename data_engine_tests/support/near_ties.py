"""Data made to mislead fast products, and the labels of float64 distances."""

import numpy as np


def by_definition(x: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """Nearest centroid by differences in float64; the lowest number wins a tie."""
    exact = centroids.astype(np.float64)
    return np.array([((row - exact) ** 2).sum(axis=1).argmin() for row in x.astype(np.float64)])


def normal(n: int, dim: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, dim)).astype(np.float32)


def near_ties(dim: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Rows within a few steps of float32 of the plane between two centroids, on either side."""
    centroids = normal(20, dim)
    pair = np.random.default_rng(1).integers(20, size=(400, 2))
    middle = (centroids[pair[:, 0]].astype(np.float64) + centroids[pair[:, 1]]) / 2
    steps = np.random.default_rng(2).integers(-3, 4, size=middle.shape) * 2.0**-24
    return (middle * (1 + steps)).astype(np.float32), centroids


def opposite_corners(dim: int = 64) -> np.ndarray:
    """96 centroids as far out as values may be, in pairs on either side of 0."""
    corners = np.where(np.random.default_rng(1).random((48, dim)) < 0.5, -9e14, 9e14)
    corners *= np.linspace(1, 0.99, 48)[:, None]
    return np.concatenate([corners, -corners]).astype(np.float32)


CASES = {
    "near_ties": near_ties(),
    "every_centroid_twice": (normal(300, 24), np.repeat(normal(10, 24, 1), 2, axis=0)),
    "every_row_is_a_centroid": (np.repeat(normal(40, 16), 5, axis=0), normal(40, 16)),
    "one_far_centroid": (normal(300, 24), np.concatenate([normal(20, 24, 1), np.full((1, 24), 1e15, np.float32)])),
    "one_far_row": (np.concatenate([normal(300, 24), np.full((1, 24), -1e15, np.float32)]), normal(20, 24, 1)),
    "far_centroids": (normal(300, 64) * np.float32(1e10), opposite_corners()),
    "far_centroids_of_tiny_rows": (normal(300, 64) * np.float32(1e-9), opposite_corners()),
    "a_huge_offset": (normal(300, 24) + 4096, normal(20, 24, 1) + 4096),
    "tiny_values": (normal(300, 24) * np.float32(1e-25), normal(20, 24, 1) * np.float32(1e-25)),
    "tiny_beside_large": (
        np.concatenate([normal(200, 24) * np.float32(1e-25), normal(200, 24)]),
        np.concatenate([normal(10, 24, 1) * np.float32(1e-25), normal(10, 24, 1)]),
    ),
    "norms_of_many_sizes": (
        normal(400, 24) * np.logspace(-6, 6, 400, dtype=np.float32)[:, None],
        normal(40, 24, 1) * np.logspace(-6, 6, 40, dtype=np.float32)[:, None],
    ),
    "one_value_per_row": (normal(300, 1), normal(50, 1, 1)),
    "whole_numbers_full_of_ties": (np.round(normal(500, 3)), np.round(normal(30, 3, 1))),
    "all_equal": (np.full((50, 8), 0.1, np.float32), np.full((9, 8), 0.1, np.float32)),
    "one_centroid": (normal(50, 8), normal(1, 8, 1)),
    "more_centroids_than_a_block": (normal(60, 3), normal(9000, 3, 1)),
}
