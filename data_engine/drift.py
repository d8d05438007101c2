"""Drift: whether a window of new samples differs from what the corpus held before, and which samples say so.

One detector is blind to half of the cases, so there are two, each at half of the false alarm rate: novelty sees
samples unlike anything before, mass sees known kinds that became more or less frequent.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.labeling.inputs import Floats, Integers, matrix, nearest

MIN_ROWS = 300
"""Fewer rows than this give no answer."""

_MIN_EXPECTED = 5.0
_MIN_CLUSTERS, _MAX_CLUSTERS, _ROWS_PER_CLUSTER = 50, 150, 80
_MAX_REFERENCE_ROWS = 20_000
_N_NULL_WINDOWS = 999
_TAIL = 0.1
_ODD_QUANTILE = 0.01
_MOVED_RESIDUAL = 3.0


@dataclass(frozen=True, eq=False)
class MassShift:
    """Test of whether two sets of counts share one distribution.

    `contributions` (k,) add up to the `statistic`; a merged cell's part is shared among its clusters by their counts.
    """

    statistic: float
    p_value: float
    degrees_of_freedom: int
    contributions: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Drift:
    """The answer for one window.

    `p_value` is twice the smaller of the two, at most 1. `clusters` are the clusters of the reference whose share moved
    by more than three standard errors, most important first. `rows` are the row numbers of the window to look at: the
    ones less like the reference than all but 1 % of its own rows, the oddest first, then the members of clusters that
    grew. Both may name a few when nothing has drifted; `p_value` says whether to care.
    """

    p_value: float
    novelty_p: float
    mass_p: float
    rows: Integers
    clusters: Integers


@dataclass(frozen=True, eq=False)
class Reference:
    """The distribution that new windows are tested against; made by `fit_reference`.

    `embeddings` (n, dim) rows, `centroids` (k, dim), `counts` (k,) rows per cluster, `similarities` (n,) inner product
    of each row with the nearest other one, and the seed of the null windows.
    """

    embeddings: Floats
    centroids: Floats
    counts: Integers
    similarities: NDArray[np.float64]
    seed: int

    def test(self, window: Floats) -> Drift:
        """Test whether a window comes from the distribution of the reference.

        Args:
            window: (m, dim) unit rows, m >= 300; 1,000 or more for good power.

        Raises: NotEnoughData below 300 rows, InvalidInput for a wrong dim or rows that are not finite.
        """
        x = matrix(window, "window", n_columns=self.centroids.shape[1])
        _check_enough(len(x), "the window")
        similarities = nearest(x, self.embeddings, 1)[1][:, 0].astype(np.float64)
        assignment = _nearest_centroid(x, self.centroids)
        counts = np.bincount(assignment, minlength=len(self.centroids))
        novelty_p = self._novelty_p(similarities)
        mass_p = self._mass_p(counts)
        residuals = standardised_residuals(self.counts, counts)
        moved = np.flatnonzero(np.abs(residuals) > _MOVED_RESIDUAL)
        moved = moved[np.argsort(-np.abs(residuals[moved]), kind="stable")]
        grown = moved[residuals[moved] > 0]
        odd = np.flatnonzero(similarities < np.quantile(self.similarities, _ODD_QUANTILE))
        odd = odd[np.argsort(similarities[odd], kind="stable")]
        members = np.flatnonzero(np.isin(assignment, grown))
        rows = np.concatenate([odd, members[~np.isin(members, odd)]])
        return Drift(min(1.0, 2 * min(novelty_p, mass_p)), novelty_p, mass_p, rows, moved)

    def _novelty_p(self, similarities: NDArray[np.float64]) -> float:
        """Share of null windows whose lowest tenth is as unlike the reference as the window's."""
        observed = _mean_of_lowest(similarities[None, :])[0]
        generator = np.random.default_rng([self.seed, 1])
        n, m = len(self.similarities), len(similarities)
        n_as_low = 0
        for _ in range(_N_NULL_WINDOWS):
            another_reference = generator.integers(0, n, n)
            window = self.similarities[another_reference[generator.integers(0, n, m)]]
            n_as_low += _mean_of_lowest(window[None, :])[0] <= observed
        return float((1 + n_as_low) / (1 + _N_NULL_WINDOWS))

    def _mass_p(self, counts: Integers) -> float:
        """Share of null windows whose counts differ from their reference as much as the window's."""
        groups = _merged_cells(self.counts, counts)
        reference, window = _grouped(self.counts, groups), _grouped(counts, groups)
        shares = (reference + window) / (reference + window).sum()
        generator = np.random.default_rng([self.seed, 2])
        null_references = generator.multinomial(int(reference.sum()), shares, size=_N_NULL_WINDOWS)
        null_windows = generator.multinomial(int(window.sum()), shares, size=_N_NULL_WINDOWS)
        observed = _contributions(reference, window).sum()
        n_as_high = int((_contributions(null_references, null_windows).sum(axis=1) >= observed).sum())
        return float((1 + n_as_high) / (1 + _N_NULL_WINDOWS))


def fit_reference(embeddings: Floats, *, seed: int) -> Reference:
    """Describe what a corpus holds, so that windows can be tested against it.

    Beyond 20,000 rows a random 20,000 stand for all. Clusters number one per 80 rows, 50 to 150.

    Args:
        embeddings: (n, dim) unit rows, n >= 300.
        seed: of the sample, the clustering and the null windows.

    Raises: NotEnoughData below 300 rows, InvalidInput for rows that are not finite.
    """
    from data_engine.clustering import kmeans

    x = matrix(embeddings, "embeddings")
    _check_enough(len(x), "the reference")
    if len(x) > _MAX_REFERENCE_ROWS:
        chosen = np.random.default_rng([seed, 0]).choice(len(x), _MAX_REFERENCE_ROWS, replace=False)
        x = x[np.sort(chosen)]
    x = np.array(x, dtype=np.float32)
    n_clusters = int(np.clip(len(x) // _ROWS_PER_CLUSTER, _MIN_CLUSTERS, _MAX_CLUSTERS))
    found = kmeans(x, n_clusters, seed=seed)
    counts = np.bincount(_nearest_centroid(x, found.centroids), minlength=len(found.centroids))
    similarities = nearest(x, x, 1, is_same=True)[1][:, 0].astype(np.float64)
    return Reference(x, found.centroids, counts, similarities, seed)


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


def _mean_of_lowest(similarities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of the lowest tenth of each row."""
    n_lowest = max(1, int(similarities.shape[1] * _TAIL))
    return np.asarray(np.partition(similarities, n_lowest - 1, axis=1)[:, :n_lowest].mean(axis=1))


def _nearest_centroid(x: Floats, centroids: Floats) -> Integers:
    products = np.asarray(x, dtype=np.float32) @ centroids.T
    return np.asarray((products - 0.5 * (centroids**2).sum(axis=1)).argmax(axis=1), dtype=np.int64)


def _check_enough(n_rows: int, what: str) -> None:
    if n_rows < MIN_ROWS:
        raise NotEnoughData(
            f"{what} has {n_rows} rows but drift needs at least {MIN_ROWS}; wait for more data or join batches"
        )


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
