"""Whether the centre of the samples moved: many changed a little, each too little to be new or in another cluster."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Floats, matrix

N_AXES = 20
"""Directions in which the centre is looked at: those in which the known samples differ most."""

_ROWS_PER_AXIS = 15
_TINY = 1e-12
_LEAST, _MOST = 0.001, 0.99


def centre_p(
    known: Floats, window: Floats, *, known_counts: Any = None, window_counts: Any = None, n_known: int | None = None
) -> float:
    """The p-value that the mean of a window differs from that of the known samples by chance.

    Means are compared along the first axes of the known samples' own spread, each in standard errors; the sum of the
    squares has the chi-square distribution where nothing moved.

    Args:
        known: (n, dim) rows of the reference.
        window: (m, dim) rows of the window.
        known_counts: (n,) how often each known sample arrived, duplicates included; once each without.
        window_counts: (m,) the same of the window; need not be whole numbers.
        n_known: arrivals that the known ones are worth, where they stand for more than themselves; their sum without.

    Returns: at least 0.001, as that of the other detectors; 1 where one side has fewer than 30 arrivals.
    Source: Hotelling 1931, Annals of Mathematical Statistics 2.
    """
    from scipy.linalg import eigh
    from scipy.special import chdtrc

    x, y = matrix(known, "known"), matrix(window, "window", n_columns=np.shape(known)[1])
    before, now = _weights(known_counts, len(x)), _weights(window_counts, len(y))
    n, m = min(before.sum(), n_known or np.inf), now.sum()
    n_axes = min(N_AXES, int(min(n, m) // _ROWS_PER_AXIS), x.shape[1])
    if n_axes < 2:
        return 1.0
    before, now = before / before.sum(), now / now.sum()
    centred = x.astype(np.float32) - (before @ x).astype(np.float32)
    spread = centred.T @ (centred * before[:, None].astype(np.float32))
    dim = len(spread)
    variances, axes = eigh(spread.astype(np.float64), subset_by_index=[dim - n_axes, dim - 1])
    moved = (now @ y - before @ x) @ axes
    is_spread = variances > _TINY
    squares = (moved**2)[is_spread] / (variances[is_spread] * (1 / n + 1 / m))
    return max(float(chdtrc(len(squares), squares.sum())), _LEAST) if len(squares) else 1.0


def joined_p(one: float, other: float) -> float:
    """The p-value of two tests that may depend on each other, by the mean of their Cauchy variables.

    Two that agree weakly are not counted twice, and one that is certain carries the other; a p-value near 1 counts as
    0.99, so that it does not take away all that the other has seen.

    Source: Liu and Xie 2020, JASA 115.
    """
    angles = np.tan((0.5 - np.clip([one, other], _LEAST, _MOST)) * np.pi)
    return float(0.5 - np.arctan(angles.mean()) / np.pi)


def _weights(counts: Any, n: int) -> NDArray[np.float64]:
    return np.ones(n) if counts is None else np.asarray(counts, np.float64)
