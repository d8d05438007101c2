"""First centroids of k-means by D^2 sampling (k-means++), in rounds that each read the rows once or twice.

Source: Arthur and Vassilvitskii 2007, "k-means++: The Advantages of Careful Seeding". Random rows instead of these
centroids spoil hierarchical clustering: they follow the density, and so does everything built on them. The iterations
after seeding are in `lloyd.py`.
"""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from data_engine.clustering.matrix_rows import Rows
from data_engine.clustering.parallel import over_chunks
from data_engine.clustering.types import FloatMatrix, Matrix, Potential
from data_engine.errors import InvalidInput

#: Ways to seed, and how many proposals a round may make per centroid already chosen.
#: Greedy rounds stay small because they rank candidates by the state at the start of the round; the more of them, the
#: better the balance. Each reads all rows, so inputs of few values can have twice as many.
SEEDINGS = {"kmeans++": 1.0, "greedy_kmeans++": 0.1, "sampled_greedy_kmeans++": 0.1}
_FEW_VALUES = 1 << 23
DEFAULT_SEEDING = "greedy_kmeans++"
#: Bytes of a matrix from which on passes over it are taken to come from a disk, whatever memory there is.
_LARGE_BYTES = 1 << 32
#: Random rows per centroid wanted that "sampled_greedy_kmeans++" looks at, and every greedy seeding at its start.
_SAMPLED_ROWS = 256
#: One of so many centroids is an early one.
_EARLY_SHARE = 8
#: Rows whose D^2 are added up to one number, so that a draw needs no running sum over all rows.
_DRAW_ROWS = 4096
#: Proposals of one round; bounds the square matrix of their distances to each other (8 MiB).
_MAX_PROPOSALS = 1024
#: Random rows per chosen centroid on which candidates are compared; all rows where there are fewer.
_ROWS_PER_CENTROID = 32
#: Below this share of the squared norms, a float32 product cannot tell a distance from rounding.
_ROUNDING_SHARE = 1e-5
_TILE_SCORES = 1 << 20

T = TypeVar("T")
Distances = NDArray[np.float32]


def seed_positions(rows: Rows, n_clusters: int, *, seeding: str, rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions of the first centroids.

    A round draws the proposals of many centroids from the D^2 at its start and takes them in order. Each is valid
    with probability (its D^2 now) / (its D^2 when drawn), which is rejection sampling from the D^2 of that moment;
    only the distances among the proposals are needed for it. "kmeans++" draws one proposal per centroid and is
    therefore exact. "greedy_kmeans++" draws 2 + floor(ln k) and takes the valid one that lowers the potential most,
    measured at the start of the round, on a random sample of the rows where there are very many per centroid; there
    the first eighth of the centroids is drawn from 256 random rows for each of them, because early rounds are many.
    "sampled_greedy_kmeans++" is the same on up to 256 random rows per centroid: for inputs larger than memory, which
    it reads once instead of once per round. It finds no group that the sample misses.

    Args:
        rows: n >= 1 rows.
        n_clusters: centroids wanted, 1 to n.
        seeding: a name of `SEEDINGS`.
        rng: source of every draw.

    Returns: (k,) int64, k <= n_clusters: it ends early when every row equals a chosen one.
    """
    if seeding == "sampled_greedy_kmeans++":
        sample = _spread_sample(len(rows), _SAMPLED_ROWS * n_clusters, rng)
        return sample[seed_positions(rows.narrowed(sample), n_clusters, seeding="greedy_kmeans++", rng=rng)]
    n_candidates = 1 if seeding == "kmeans++" else 2 + int(np.log(n_clusters))
    growth = SEEDINGS[seeding]
    if n_candidates > 1 and len(rows) * rows.dim <= _FEW_VALUES:
        growth /= 2
    potential: Potential = RowsPotential(rows) if rows.device is None else rows.device.potential(rows)
    chosen = _early_centroids(rows, n_clusters, seeding, rng).tolist()
    potential.add(np.array(chosen, dtype=np.int64))
    while len(chosen) < n_clusters:
        if not potential.closest.any():
            break
        size = min(int(len(chosen) * growth), n_clusters - len(chosen), _MAX_PROPOSALS // n_candidates)
        proposals = _draw(potential.closest, max(1, size) * n_candidates, rng)
        gains = np.zeros(len(proposals))
        if n_candidates > 1:
            gains = potential.gains(proposals, _sample(len(rows), _ROWS_PER_CENTROID * len(chosen), rng))
        valid_below = rng.random(len(proposals)) * potential.closest[proposals]
        accepted = _accept(rows.take(proposals), potential.closest[proposals], valid_below, gains, n_candidates)
        potential.add(proposals[accepted])
        chosen.extend(proposals[accepted].tolist())
    return np.array(chosen, dtype=np.int64)


def _early_centroids(rows: Rows, n_clusters: int, seeding: str, rng: np.random.Generator) -> NDArray[np.int64]:
    """Positions of the first centroids: one row at random, or an eighth of all where a sample is enough for them."""
    n_early = n_clusters // _EARLY_SHARE
    if seeding == "kmeans++" or n_early < 2 or len(rows) <= 2 * _SAMPLED_ROWS * n_early:
        return rng.integers(len(rows), size=1)
    sample = _spread_sample(len(rows), _SAMPLED_ROWS * n_early, rng)
    return sample[seed_positions(rows.narrowed(sample), n_early, seeding=seeding, rng=rng)]


def seeding_for(x: Matrix) -> str:
    """The `seeding` argument of `build_tree` for a matrix: by a sample where every further pass over it costs much."""
    return "sampled_greedy_kmeans++" if x.nbytes >= _LARGE_BYTES else DEFAULT_SEEDING


def checked_seeding(name: str, argument: str) -> str:
    """The name.

    Raises: InvalidInput when it is no way to seed.
    """
    if name not in SEEDINGS:
        raise InvalidInput(f"{argument} is {name!r}; the ways to seed are {', '.join(sorted(SEEDINGS))}")
    return name


def _sample(n_rows: int, size: int, rng: np.random.Generator) -> NDArray[np.int64] | None:
    """Ascending random positions; None when all rows are meant."""
    return None if size >= n_rows else np.sort(rng.choice(n_rows, size, replace=False))


def _spread_sample(n_rows: int, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Ascending positions, one drawn from each of `size` runs of equal length; all positions where there are fewer."""
    edges = np.arange(min(size, n_rows) + 1) * n_rows // min(size, n_rows)
    return np.asarray(rng.integers(edges[:-1], edges[1:]), dtype=np.int64)


def _draw(closest: Distances, size: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(size,) positions with probability proportional to D^2; a position with D^2 = 0 is never drawn."""
    starts = np.arange(0, len(closest), _DRAW_ROWS)
    cumulated = np.cumsum([closest[start : start + _DRAW_ROWS].sum(dtype=np.float64) for start in starts])
    mass = rng.random(size) * cumulated[-1]
    run = _first_above(cumulated, mass)
    mass = np.maximum(mass - np.concatenate([[0], cumulated])[run], 0)
    positions = np.empty(size, dtype=np.int64)
    for number in np.unique(run):
        drawn = run == number
        within = np.cumsum(closest[starts[number] : starts[number] + _DRAW_ROWS], dtype=np.float64)
        positions[drawn] = starts[number] + _first_above(within, mass[drawn])
    return positions


def _first_above(cumulated: NDArray[np.float64], mass: NDArray[np.float64]) -> NDArray[np.intp]:
    """Where the cumulated sum first exceeds each mass; never a place that adds nothing to it."""
    # Rounding can put a draw on the very end; the last place with any mass is the one meant.
    last = np.searchsorted(cumulated, cumulated[-1], side="left")
    return np.asarray(np.minimum(np.searchsorted(cumulated, mass, side="right"), last), dtype=np.intp)


def _accept(
    points: FloatMatrix,
    drawn: Distances,
    valid_below: NDArray[np.float64],
    gains: NDArray[np.float64],
    n_candidates: int,
) -> NDArray[np.int64]:
    """Proposals that become centroids: of every `n_candidates` in a row, the valid one with the largest gain.

    Args:
        points: (m, dim) proposals.
        drawn: (m,) their D^2 when they were drawn.
        valid_below: (m,) uniform share of it; a proposal is valid while its D^2 is larger.
        gains: (m,) drop of the potential that each would bring.
        n_candidates: proposals per centroid.
    """
    exact = points.astype(np.float64)
    exact -= exact.mean(axis=0)
    norms = np.einsum("ij,ij->i", exact, exact)
    between = exact @ exact.T
    current = drawn.astype(np.float64)
    accepted = []
    for start in range(0, len(points), n_candidates):
        group = slice(start, start + n_candidates)
        valid = np.flatnonzero(valid_below[group] < current[group])
        if len(valid):
            best = start + int(valid[np.argmax(gains[group][valid])])
            accepted.append(best)
            np.minimum(current, norms[best] - 2 * between[best] + norms, out=current)
            current[best] = 0
    return np.array(accepted, dtype=np.int64)


class RowsPotential:
    """Squared distance of every row to the closest centroid chosen so far."""

    def __init__(self, rows: Rows) -> None:
        self.closest = np.full(len(rows), np.inf, dtype=np.float32)
        self._rows = rows
        self._shift = rows.rough_middle()
        self._norms = np.empty(len(rows), dtype=np.float32)
        self._spread(self._take_norms, 1)

    def _take_norms(self, chunk: slice) -> None:
        for part, tile in self._rows.shifted_tiles(self._shift, _tile_rows(1), chunk):
            np.einsum("ij,ij->i", tile[:, :-1], tile[:, :-1], out=self._norms[part])

    def _spread(self, work: Callable[[slice], T], n_columns: int) -> list[T]:
        width = n_columns + self._rows.dim
        return over_chunks(work, len(self._rows), tile_rows=_tile_rows(n_columns), n_columns=width)

    def add(self, positions: NDArray[np.int64]) -> None:
        """Take the rows at these positions in as centroids."""
        centroids = self._rows.take(positions)
        weights = _product_weights(centroids, self._shift)

        def lower(chunk: slice) -> None:
            for part, tile in self._rows.shifted_tiles(self._shift, _tile_rows(len(positions)), chunk):
                scores = tile @ weights
                column = scores.argmin(axis=1)
                found = scores[np.arange(len(tile)), column] + self._norms[part]
                self._recompute_small(found, part, centroids, column)
                np.minimum(self.closest[part], found, out=self.closest[part])

        self._spread(lower, len(positions))
        self.closest[positions] = 0

    def gains(self, positions: NDArray[np.int64], sample: NDArray[np.int64] | None) -> NDArray[np.float64]:
        """(m,) drop of the potential of a sample of rows (None: all) if one of these were added, for each of them."""
        rows = self._rows if sample is None else self._rows.narrowed(sample)
        room = self.closest - self._norms if sample is None else self.closest[sample] - self._norms[sample]
        plain = _product_weights(self._rows.take(positions), self._shift)
        # The room left joins the product as a value of the row: D^2 now less D^2 to the proposal.
        weights = np.concatenate([-plain[:-1], np.ones_like(plain[-1:]), -plain[-1:]])
        tile_rows = _tile_rows(len(positions))

        def drop(chunk: slice) -> NDArray[np.float64]:
            total = np.zeros(len(positions), dtype=np.float64)
            for part, tile in rows.augmented_tiles(self._shift, 1.0, tile_rows, chunk):
                tile[:, -2] = room[part]
                scores = tile @ weights
                np.maximum(scores, 0, out=scores)
                total += np.ones(len(tile), dtype=np.float32) @ scores
            return total

        found = over_chunks(drop, len(rows), tile_rows=tile_rows, n_columns=len(positions) + rows.dim)
        return np.asarray(np.sum(found, axis=0), dtype=np.float64)

    def _recompute_small(
        self, found: Distances, part: slice, centroids: FloatMatrix, column: NDArray[np.int64]
    ) -> None:
        """Replace distances within rounding by exact ones, so that exact duplicates of a centroid get 0."""
        small = np.flatnonzero((found <= _ROUNDING_SHARE * self._norms[part]) & (self.closest[part] > 0))
        if len(small):
            difference = self._rows.take(small + part.start) - centroids[column[small]]
            found[small] = np.einsum("ij,ij->i", difference, difference)
        np.maximum(found, 0, out=found)


def _product_weights(centroids: FloatMatrix, shift: FloatMatrix) -> FloatMatrix:
    """(dim + 1, k) matrix W: [row - shift, 1] @ W is |row - centroid|^2 - |row - shift|^2."""
    moved = centroids - shift
    weights = np.empty((centroids.shape[1] + 1, len(centroids)), dtype=np.float32)
    np.multiply(moved.T, -2, out=weights[:-1])
    weights[-1] = np.einsum("ij,ij->i", moved, moved, dtype=np.float64)
    return weights


def _tile_rows(n_columns: int) -> int:
    return int(np.clip(_TILE_SCORES // n_columns, 128, 1024))
