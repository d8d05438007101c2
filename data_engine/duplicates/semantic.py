"""Semantic duplicates: samples whose embeddings have nearly the same direction, found inside the clusters of a tree.

Two rows of a pair mostly share a leaf, but not always: a border may run between them. So each row is compared with
the members of its own leaf and, where a border is near enough to run between a pair, with those of the nearest
neighbouring leaves. Source: Abbas et al. 2023 (SemDeDup) for the search inside clusters. Near-duplicates by content are
in `duplicates.texts` and `duplicates.images`.

The caller's order of precedence decides which row stays: a row is dropped only for a kept row before it, so similarity
is not transitive.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import xxhash
from numpy.typing import NDArray

from data_engine.clustering import ClusterTree, with_samples
from data_engine.clustering.parallel import TEAM, over_chunks
from data_engine.errors import InvalidInput

Numbers = NDArray[np.int64]
Floats = NDArray[np.float32]

_TILE_ROWS = 2048
#: Nearest leaves of a leaf, among which those nearest to each of its members are searched.
_NEIGHBOURS = 32
#: Squared distances of float32 rows are this far from the truth.
_ROUNDING = 1e-5


@dataclass(frozen=True, eq=False)
class SemanticPairs:
    """Pairs of rows, each pair once, sorted by `later` and then by falling cosine."""

    earlier: Numbers
    """(m,) the lower row number of each pair."""
    later: Numbers
    """(m,) the higher one."""
    cosine: Floats
    """(m,) cosine of their embeddings."""

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.cosine)


@dataclass(frozen=True, eq=False)
class SemanticTwins:
    """For every row the kept row that it repeats."""

    row: Numbers
    """(n,) number of the kept twin; -1 where the row is kept itself."""
    cosine: Floats
    """(n,) cosine to the twin; NaN where the row is kept."""

    @property
    def is_kept(self) -> NDArray[np.bool_]:
        """(n,) True where the row has no kept twin."""
        kept: NDArray[np.bool_] = self.row < 0
        return kept


def semantic_duplicates(
    x: NDArray[np.float32], tree: ClusterTree, *, least_cosine: float, precedence: NDArray[np.int64]
) -> SemanticTwins:
    """For every row the kept row that it repeats: `semantic_twins` of `semantic_pairs`.

    Identical rows, such as those of empty images, are collapsed first, since m copies make m**2 / 2 pairs. Memory grows
    with the pairs of different rows, 20 bytes each.

    Args:
        x: (n, dim) unit rows, in the row order of the tree.
        tree: the tree that holds them.
        least_cosine: in (0, 1]; the cosine of a pair.
        precedence: (n,) rank of every row, each once; the lowest comes first.

    Raises: InvalidInput as `semantic_pairs` does.
    """
    first, place = _distinct_rows(x, precedence)
    if len(first) == len(x):
        return semantic_twins(semantic_pairs(x, tree, least_cosine=least_cosine), len(x), precedence=precedence)
    pairs = semantic_pairs(x[first], with_samples(tree, tree.leaf[first]), least_cosine=least_cosine)
    twins = semantic_twins(pairs, len(first), precedence=precedence[first])
    row = np.where(twins.is_kept, -1, first[twins.row])[place]
    cosine = twins.cosine[place]
    is_copy = first[place] != np.arange(len(x))
    repeats_first = is_copy & (row < 0)
    row[repeats_first], cosine[repeats_first] = first[place][repeats_first], 1.0
    return SemanticTwins(row, cosine)


def _distinct_rows(x: NDArray[np.float32], precedence: NDArray[np.int64]) -> tuple[Numbers, Numbers]:
    """(m,) the first row of each value, ascending, and (n,) the place of every row's value among them."""
    order = np.argsort(precedence)
    digests = np.frombuffer(b"".join(xxhash.xxh3_128_digest(x[row]) for row in order.tolist()), "V16")
    _, first, value = np.unique(digests, return_index=True, return_inverse=True)
    rows = order[first]
    by_row = np.argsort(rows)
    rank_of = np.empty(len(rows), np.int64)
    rank_of[by_row] = np.arange(len(rows))
    place = np.empty(len(x), np.int64)
    place[order] = rank_of[value]
    return rows[by_row], place


def semantic_pairs(
    x: NDArray[np.float32], tree: ClusterTree, *, least_cosine: float, n_probes: int = 3
) -> SemanticPairs:
    """Pairs of rows with a cosine at or above a threshold, as far as the compared leaves hold them.

    Args:
        x: (n, dim) unit rows, in the row order of the tree.
        tree: the tree that holds them; its leaves should be those with the nearest centroid.
        least_cosine: in (0, 1]; the cosine of a pair.
        n_probes: leaves that a row is compared with at most, its own among them. A neighbouring leaf is skipped where
            no row behind its border can be that near, so more probes cost little at a high threshold.

    Returns: pairs of row numbers. Every pair is right; one that lies further apart than the probes reach is missed.

    Raises: InvalidInput when x does not fit the tree or a number is out of range.
    """
    _check(x, tree, least_cosine, n_probes)
    with TEAM:
        visited, visitors = _visits(x, tree, least_cosine, n_probes)
        starts = np.searchsorted(visited, np.arange(tree.n_leaves + 1))

        def pairs_in(leaves: slice) -> list[tuple[Numbers, Numbers, Floats]]:
            return [
                pairs
                for leaf in range(leaves.start, leaves.stop)
                for pairs in _pairs_of(x, tree.members(leaf), visitors[starts[leaf] : starts[leaf + 1]], least_cosine)
            ]

        chunks = over_chunks(pairs_in, tree.n_leaves, tile_rows=1, n_columns=len(x))
    nothing = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    columns = zip(nothing, *(pairs for chunk in chunks for pairs in chunk), strict=True)
    return _each_once(*map(np.concatenate, columns), n_rows=len(x))


def semantic_twins(pairs: SemanticPairs, n_rows: int, *, precedence: NDArray[np.int64] | None = None) -> SemanticTwins:
    """Decide which row of each pair stays: the one that comes first, unless it has a kept twin itself.

    Args:
        pairs: similar rows.
        n_rows: rows in all.
        precedence: (n_rows,) rank of every row, each once; the lowest comes first. Without it row numbers are ranks.

    Returns: for each row the most similar kept row before it, the earlier one of equals.
    """
    rank = np.arange(n_rows) if precedence is None else precedence
    swap = rank[pairs.earlier] > rank[pairs.later]
    first = np.where(swap, pairs.later, pairs.earlier)
    second = np.where(swap, pairs.earlier, pairs.later)
    order = np.lexsort((rank[first], -pairs.cosine, rank[second]))
    twin, cosine = np.full(n_rows, -1, np.int64), np.full(n_rows, np.nan, np.float32)
    for keeper, row, value in zip(
        first[order].tolist(), second[order].tolist(), pairs.cosine[order].tolist(), strict=True
    ):
        if twin[row] < 0 and twin[keeper] < 0:
            twin[row], cosine[row] = keeper, value
    return SemanticTwins(twin, cosine)


def _check(x: NDArray[np.float32], tree: ClusterTree, least_cosine: float, n_probes: int) -> None:
    if x.shape != (tree.n_samples, tree.dim):
        raise InvalidInput(
            f"x has shape {x.shape} but the tree holds {tree.n_samples} samples of {tree.dim} values; give its rows"
        )
    if not 0 < least_cosine <= 1:
        raise InvalidInput(f"least_cosine is {least_cosine}; it must be above 0 and at most 1")
    if n_probes < 1:
        raise InvalidInput(f"n_probes is {n_probes}; a row is compared with its own leaf at least: give 1 or more")


def _each_once(one: Numbers, other: Numbers, cosine: Floats, *, n_rows: int) -> SemanticPairs:
    """The pairs sorted and without repeats: two rows that are compared in both leaves are found twice."""
    earlier, later = np.minimum(one, other), np.maximum(one, other)
    _, first = np.unique(later * n_rows + earlier, return_index=True)
    earlier, later, cosine = earlier[first], later[first], cosine[first]
    order = np.lexsort((earlier, -cosine, later))
    return SemanticPairs(earlier[order], later[order], cosine[order])


def _visits(x: NDArray[np.float32], tree: ClusterTree, least_cosine: float, n_probes: int) -> tuple[Numbers, Numbers]:
    """Leaves that rows of other leaves are compared with, and these rows, sorted by leaf."""
    centroids = tree.levels[0].centroids
    n_others = min(n_probes, tree.n_leaves) - 1
    nothing = np.empty(0, np.int64), np.empty(0, np.int64)
    if n_others == 0:
        return nothing
    neighbours, gaps = _neighbours(centroids, min(max(_NEIGHBOURS, 4 * n_others), tree.n_leaves - 1))
    # The distance between two unit rows of this cosine.
    reach = math.sqrt(max(0.0, 2 - 2 * least_cosine)) + _ROUNDING

    def visits_from(leaves: slice) -> list[tuple[Numbers, Numbers]]:
        found = []
        for leaf in range(leaves.start, leaves.stop):
            others, members = neighbours[leaf], tree.members(leaf)
            for start in range(0, len(members), _TILE_ROWS):
                part = members[start : start + _TILE_ROWS]
                borders = centroids[leaf], centroids[others], gaps[leaf]
                place, near = _borders_in_reach(x[part], *borders, reach, n_others)
                found.append((others[near], part[place]))
        return found

    chunks = over_chunks(visits_from, tree.n_leaves, tile_rows=1, n_columns=len(x))
    both = zip(nothing, *(visits for chunk in chunks for visits in chunk), strict=True)
    visited, rows = (np.concatenate(parts) for parts in both)
    order = np.argsort(visited, kind="stable")
    return visited[order], rows[order]


def _neighbours(centroids: Floats, n_neighbours: int) -> tuple[Numbers, Floats]:
    """(k, n_neighbours) the nearest other centroids of each, nearest first, and how far away they are."""
    squares = np.einsum("ij,ij->i", centroids, centroids)
    numbers = np.empty((len(centroids), n_neighbours), np.int64)
    gaps = np.empty((len(centroids), n_neighbours), np.float32)
    for start in range(0, len(centroids), _TILE_ROWS):
        part = slice(start, min(start + _TILE_ROWS, len(centroids)))
        distance = squares[part, None] + squares - 2 * (centroids[part] @ centroids.T)
        distance[np.arange(part.stop - start), np.arange(start, part.stop)] = np.inf
        nearest = np.argpartition(distance, n_neighbours - 1, axis=1)[:, :n_neighbours]
        squared = np.take_along_axis(distance, nearest, axis=1)
        order = np.argsort(squared, axis=1, kind="stable")
        numbers[part] = np.take_along_axis(nearest, order, axis=1)
        gaps[part] = np.sqrt(np.maximum(np.take_along_axis(squared, order, axis=1), 0))
    return numbers, gaps


def _borders_in_reach(
    rows: Floats, own: Floats, others: Floats, gaps: Floats, reach: float, n_others: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and neighbours with a border between them within reach; at most the n_others nearest neighbours of a row.

    Two rows on either side of the plane half way between two centroids are at least as far apart as each is from it.
    """
    weights = others - own
    offset = (np.einsum("ij,ij->i", others, others) - own @ own) / 2
    depth = offset - rows @ weights.T  # half the difference of the squared distances, 0 on the border
    is_near = depth <= reach * gaps + _ROUNDING
    if n_others < len(others):
        limit = np.partition(depth, n_others - 1, axis=1)[:, n_others - 1 : n_others]
        is_near &= depth <= limit
    place, near = np.nonzero(is_near)
    return place, near


def _pairs_of(
    x: NDArray[np.float32], members: Numbers, visitors: Numbers, least_cosine: float
) -> Iterator[tuple[Numbers, Numbers, Floats]]:
    """Similar pairs among the members of a leaf, and between its visitors and its members, in bounded pieces."""
    for start in range(0, len(members), _TILE_ROWS):
        columns = members[start : start + _TILE_ROWS]
        tile = x[columns]
        for first in range(0, start + 1, _TILE_ROWS):
            yield from _similar(
                x, members[first : first + _TILE_ROWS], columns, tile, least_cosine, is_same=first == start
            )
        for first in range(0, len(visitors), _TILE_ROWS):
            yield from _similar(x, visitors[first : first + _TILE_ROWS], columns, tile, least_cosine, is_same=False)


def _similar(
    x: NDArray[np.float32], rows: Numbers, columns: Numbers, tile: Floats, least_cosine: float, *, is_same: bool
) -> Iterator[tuple[Numbers, Numbers, Floats]]:
    cosine = (tile if is_same else x[rows]) @ tile.T
    # Flat, because a search by rows and columns takes longer than the product.
    one, other = np.divmod(np.flatnonzero(cosine.ravel() >= least_cosine), len(columns))
    if is_same:
        one, other = one[one < other], other[one < other]
    if len(one):
        yield rows[one], columns[other], cosine[one, other]
