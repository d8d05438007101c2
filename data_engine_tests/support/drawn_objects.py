"""Images of one object each for tests of segmenters, drawn with a seed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Drawn:
    """An image (h, w, 3) uint8 and the mask (h, w) of its object."""

    image: NDArray[np.uint8]
    mask: NDArray[np.bool_]


def drawn_object(seed: int, side: int = 120, noise: float = 14) -> Drawn:
    """A blob of one colour with an arm, before a textured ground of another; noise in levels of 255."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side] / side
    x, y = rng.uniform(0.42, 0.58, 2)
    angle = np.arctan2(rows - y, columns - x)
    radius = 0.2 + 0.06 * np.sin(rng.integers(2, 5) * angle + rng.uniform(0, 6))
    mask = np.hypot(columns - x, rows - y) < radius
    arm = rng.uniform(0, 0.5)
    mask |= (np.abs(rows - y - arm * (columns - x)) < 0.05) & (columns > x) & (columns < x + 0.34)
    colours = rng.permutation([[200, 60, 50], [50, 90, 200], [70, 170, 60], [230, 210, 80]])[:2]
    image = colours[mask.astype(int)] + rng.normal(0, noise, (side, side, 3)) + 25 * np.sin(20 * rows)[:, :, None]
    return Drawn(np.clip(image, 0, 255).astype(np.uint8), mask)


def drawn_objects(n: int, noise: float = 14) -> list[Drawn]:
    """Objects of the seeds 0 to n - 1."""
    return [drawn_object(seed, noise=noise) for seed in range(n)]
