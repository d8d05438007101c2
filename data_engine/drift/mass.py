"""Whether known kinds of samples became more or less frequent: counts per cluster, before and now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling.inputs import Integers

_MIN_EXPECTED = 5.0
_N_NULL_WINDOWS = 999
_TINY = 1e-9


@dataclass(frozen=True, eq=False)
class MassShift:
    """Test of whether two sets of counts share one distribution.

    `contributions` (k,) add up to the `statistic`; a merged cell's part is shared among its clusters by their counts.
    """

    statistic: float
    p_value: float
    degrees_of_freedom: int
    contributions: NDArray[np.float64]


def mass_test(reference_counts: Any, window_counts: Any) -> MassShift:
    """Two-sample chi-square test on counts per cluster; the reference is a sample, too.

    Clusters are merged, the rarest first, until every cell expects at least 5 in both samples.

    Args:
        reference_counts: (k,) samples of the reference per cluster.
        window_counts: (k,) samples of the window per cluster.

    Returns: the shift; p_value 1 when one cell is left, so that nothing can be told apart.
    Raises: InvalidInput for shapes that differ or negative counts, NotEnoughData when one side has no sample.
    """
    from scipy.special import chdtrc

    reference, window = _checked_counts(reference_counts, window_counts)
    groups = _merged_cells(reference, window)
    grouped = _contributions(_grouped(reference, groups), _grouped(window, groups))
    degrees = len(grouped) - 1
    statistic = float(grouped.sum())
    totals = (reference + window).astype(np.float64)
    shares = totals / np.maximum(_grouped(totals, groups)[groups], 1)
    p_value = float(chdtrc(degrees, statistic)) if degrees else 1.0
    return MassShift(statistic, p_value, degrees, grouped[groups] * shares)


def mass_p(reference_counts: Any, window_counts: Any, *, seed: int, levels: Sequence[Integers] | None = None) -> float:
    """The p-value of a shift by 999 windows without drift instead of the chi-square distribution, at least 0.001.

    Rare clusters make the distribution's tail too thin; drawn windows have the same rare clusters. Over several levels
    the p-values of `mass_test` are combined as Fisher does (the sum of their logarithms), and the sum is held against
    that of the same windows, since levels of the same counts depend on each other.

    Args:
        reference_counts: (k,) samples of the reference per cluster.
        window_counts: (k,) samples of the window per cluster.
        seed: of the windows.
        levels: of each level, (k,) its cluster for each cluster that was counted; the clusters themselves without.

    Raises: as `mass_test` does.
    """
    reference, window = _checked_counts(reference_counts, window_counts)
    shares = (reference + window) / (reference + window).sum()
    generator = np.random.default_rng([seed, 2])
    references = np.vstack([reference, generator.multinomial(int(reference.sum()), shares, size=_N_NULL_WINDOWS)])
    windows = np.vstack([window, generator.multinomial(int(window.sum()), shares, size=_N_NULL_WINDOWS)])
    each = [_log_p(references, windows, level) for level in levels or [np.arange(len(reference))]]
    sums = np.sum(each, axis=0)
    return float(np.mean(sums <= sums[0] + _TINY))


def _log_p(references: Integers, windows: Integers, level: Integers) -> NDArray[np.float64]:
    """Logarithm of the share of the rows whose statistic is as high as that of each row; cells are those of row 0."""
    before, now = _joined(references, level), _joined(windows, level)
    cells = _merged_cells(before[0], now[0])
    statistics = _contributions(_joined(before, cells), _joined(now, cells)).sum(axis=1)
    n_lower = np.searchsorted(np.sort(statistics), statistics - _TINY)
    return np.asarray(np.log((len(statistics) - n_lower) / len(statistics)))


def _joined(counts: Integers, cells: Integers) -> Integers:
    """(n, cells) the counts of clusters that share a cell, added up."""
    joins = np.zeros((len(cells), int(cells.max()) + 1), np.float64)
    joins[np.arange(len(cells)), cells] = 1
    return np.asarray(np.rint(counts @ joins), np.int64)


def standardised_residuals(reference: Integers, window: Integers) -> NDArray[np.float64]:
    """By how many standard errors each cluster's share in the window exceeds its share in the reference; (k,)."""
    n, m = reference.sum(), window.sum()
    pooled = (reference + window) / (n + m)
    error = np.sqrt(np.maximum(pooled * (1 - pooled) * (1 / n + 1 / m), 1e-12))
    return np.asarray((window / m - reference / n) / error)


def _contributions(reference: NDArray[Any], window: NDArray[Any]) -> NDArray[np.float64]:
    """Each cell's part of the two-sample chi-square, over the last axis; 0 for a cell empty on both sides."""
    n, m = reference.sum(axis=-1, keepdims=True), window.sum(axis=-1, keepdims=True)
    pooled = reference + window
    difference = reference * np.sqrt(m / n) - window * np.sqrt(n / m)
    return np.asarray(difference**2 / np.maximum(pooled, 1))


def _merged_cells(reference: Integers, window: Integers) -> Integers:
    """The cell of each cluster, (k,): clusters join a common cell, the rarest first, until all expect enough."""
    total = reference + window
    smaller_side = min(reference.sum(), window.sum()) / total.sum()
    expected = total * smaller_side
    order = np.argsort(total, kind="stable")
    n_merged = int((expected < _MIN_EXPECTED).sum())
    while 0 < n_merged < len(order) and expected[order[:n_merged]].sum() < _MIN_EXPECTED:
        n_merged += 1
    cells = np.empty(len(order), dtype=np.int64)
    cells[order[:n_merged]] = 0
    cells[order[n_merged:]] = np.arange(len(order) - n_merged) + (n_merged > 0)
    return cells


def _grouped(values: NDArray[Any], cells: Integers) -> NDArray[np.float64]:
    return np.asarray(np.bincount(cells, weights=values), dtype=np.float64)


def _checked_counts(reference_counts: Any, window_counts: Any) -> tuple[Integers, Integers]:
    reference, window = np.asarray(reference_counts), np.asarray(window_counts)
    if reference.shape != window.shape or reference.ndim != 1:
        raise InvalidInput(f"the counts have shapes {reference.shape} and {window.shape}; give one number per cluster")
    if (reference < 0).any() or (window < 0).any():
        raise InvalidInput("counts are negative; give how many samples fell into each cluster")
    if reference.sum() == 0 or window.sum() == 0:
        raise NotEnoughData(
            f"the reference has {reference.sum()} samples and the window {window.sum()}; both need some"
        )
    return reference.astype(np.int64), window.astype(np.int64)
