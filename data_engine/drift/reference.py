"""A reference that is fitted once, and windows that are tested against it, without a corpus around them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.drift.centre import centre_p, joined_p
from data_engine.drift.levels import levels_above
from data_engine.drift.mass import mass_p, standardised_residuals
from data_engine.drift.novelty import novelty_of
from data_engine.errors import NotEnoughData
from data_engine.labeling.inputs import Floats, Integers, matrix, nearest

MIN_ROWS = 300
"""Fewer rows than this give no answer."""

_MIN_CLUSTERS, _MAX_CLUSTERS, _ROWS_PER_CLUSTER = 50, 150, 80
_MAX_REFERENCE_ROWS = 20_000
_MOVED_RESIDUAL = 3.0


@dataclass(frozen=True, eq=False)
class Drift:
    """The answer for one window.

    `p_value` is that of `pair_p`: novelty on one side, shares of clusters and the centre on the other. `clusters` are
    the clusters of the reference whose share moved by more than three standard errors, most important first. `rows` are
    the row numbers of the window to look at: the ones less like the reference than all but 1 % of its own rows, the
    oddest first, then the members of clusters that grew. Both may name a few when nothing has drifted; `p_value` says
    whether to care.
    """

    p_value: float
    novelty_p: float
    mass_p: float
    centre_p: float
    rows: Integers
    clusters: Integers


@dataclass(frozen=True, eq=False)
class Reference:
    """The distribution that new windows are tested against; made by `fit_reference`.

    `embeddings` (n, dim) rows, `centroids` (k, dim), `counts` (k,) rows per cluster, `levels` of clusters that are
    tested, as `levels_above` gives them, `similarities` (n,) inner product of each row with the nearest other one, and
    the seed of the null windows.
    """

    embeddings: Floats
    centroids: Floats
    counts: Integers
    levels: Sequence[Integers]
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
        novelty = novelty_of(self.similarities, similarities, seed=self.seed)
        mass = mass_p(self.counts, counts, seed=self.seed, levels=self.levels)
        residuals = standardised_residuals(self.counts, counts)
        moved = np.flatnonzero(np.abs(residuals) > _MOVED_RESIDUAL)
        moved = moved[np.argsort(-np.abs(residuals[moved]), kind="stable")]
        grown = moved[residuals[moved] > 0]
        members = np.flatnonzero(np.isin(assignment, grown))
        rows = np.concatenate([novelty.rows, members[~np.isin(members, novelty.rows)]])
        centre = centre_p(self.embeddings, x)
        return Drift(pair_p(novelty.p_value, mass, centre), novelty.p_value, mass, centre, rows, moved)


def pair_p(novelty_p: float, mass_p_value: float, centre: float) -> float:
    """The p-value of all detectors: twice the smaller one of novelty, and of shares and centre together; at most 1.

    Shares of clusters and the centre see much of the same, so that they share one half of the false alarms.
    """
    return min(1.0, 2 * min(novelty_p, joined_p(mass_p_value, centre)))


def fit_reference(embeddings: Floats, *, seed: int) -> Reference:
    """Describe what a corpus holds, so that windows can be tested against it.

    Beyond 20,000 rows a random 20,000 stand for all. Clusters number one per 80 rows, 50 to 150; their shares are
    tested on this level and on coarser ones above it.

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
    levels = levels_above(found.centroids, counts, seed=seed)
    return Reference(x, found.centroids, counts, levels, similarities, seed)


def _nearest_centroid(x: Floats, centroids: Floats) -> Integers:
    products = np.asarray(x, dtype=np.float32) @ centroids.T
    return np.asarray((products - 0.5 * (centroids**2).sum(axis=1)).argmax(axis=1), dtype=np.int64)


def _check_enough(n_rows: int, what: str) -> None:
    if n_rows < MIN_ROWS:
        raise NotEnoughData(
            f"{what} has {n_rows} rows but drift needs at least {MIN_ROWS}; wait for more data or join batches"
        )
