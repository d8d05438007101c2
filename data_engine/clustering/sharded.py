"""k-means over a matrix whose rows lie in shards, in as many processes as there are, with the bits of one process.

Labels are those of float64 distances and sums are whole numbers, so neither depends on how rows are divided. Seeding is
done here, where the matrix is too. What calls the shards, in this process or on others, is in `data_engine.compute`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from data_engine.clustering.matrix_rows import Rows
from data_engine.clustering.nearest import exact_sums, nearest
from data_engine.clustering.parallel import TEAM
from data_engine.clustering.seeding import RowsPotential
from data_engine.clustering.types import Assignment, FloatMatrix, Matrix, Potential

Selection = NDArray[np.int64] | None
#: Opens the device for a matrix that is put into so many clusters; None for none.
DeviceOpener = Callable[[Matrix, int], "ShardedDevice | None"]
#: Does the same work for each argument, somewhere; the results in the order of the arguments.
Spread = Callable[[Callable[[Any], Any], Iterable[Any]], Iterator[Any]]


class ShardWorkers(Protocol):
    """What holds the shards, one object each."""

    def ask(self, method: str, shared: Sequence[Any], each: Sequence[Sequence[Any]]) -> list[Any]:
        """What the method gives on every shard, in their order; `shared` arguments come before those of `each`."""


class Shard:
    """Consecutive rows of a matrix. It keeps nothing else, so that one that is started anew gives the same answers."""

    def __init__(self, x: Matrix) -> None:
        self._x = x

    def nearest(self, centroids: FloatMatrix, selection: Selection) -> Assignment:
        """(m,) number of the nearest centroid of all rows, or of these."""
        with TEAM:
            return nearest(Rows(self._x, selection), centroids)

    def sums(self, n_clusters: int, exponent: int, labels: Assignment, selection: Selection) -> NDArray[np.int64]:
        """(n_clusters, dim) `exact_sums` of all rows, or of these."""
        with TEAM:
            return exact_sums(Rows(self._x, selection), labels, n_clusters, exponent)


class ShardedDevice:
    """The device of k-means (`types.Device`) for a matrix that lies in shards."""

    def __init__(self, workers: ShardWorkers, edges: Sequence[int], spread: Spread) -> None:
        """A device over shards.

        Args:
            workers: hold the shards, `Shard` objects.
            edges: shard i has the rows edges[i] to edges[i + 1] of the matrix.
            spread: does work on whole cells.
        """
        self._workers, self._edges, self.spread = workers, np.asarray(edges, np.int64), spread

    def nearest(self, rows: Rows, centroids: FloatMatrix) -> Assignment:
        """(n,) number of the nearest centroid."""
        parts = self._parts(rows)
        found = self._workers.ask("nearest", (centroids,), [(selection,) for _, selection in parts])
        labels = np.empty(len(rows), dtype=np.int32)
        for (places, _), part in zip(parts, found, strict=True):
            labels[places] = part
        return labels

    def sums(self, rows: Rows, labels: Assignment, n_clusters: int, exponent: int) -> NDArray[np.int64]:
        """(n_clusters, dim) sums of the rows with each label in steps of 2^-exponent, to which values are rounded."""
        each = [(labels[places], selection) for places, selection in self._parts(rows)]
        total = np.zeros((n_clusters, rows.dim), dtype=np.int64)
        for part in self._workers.ask("sums", (n_clusters, exponent), each):
            total += part
        return total

    def potential(self, rows: Rows) -> Potential:
        """The potential of no centroid yet: infinite."""
        return RowsPotential(Rows(rows.x, rows.selection))

    def _parts(self, rows: Rows) -> list[tuple[slice | NDArray[np.int64], Selection]]:
        """Of each shard, the places of its rows among these, and their numbers in the shard; None for all of it."""
        starts, ends = self._edges[:-1].tolist(), self._edges[1:].tolist()
        if rows.selection is None:
            return [(slice(start, end), None) for start, end in zip(starts, ends, strict=True)]
        owner = np.searchsorted(self._edges, rows.selection, side="right") - 1
        places = [np.flatnonzero(owner == number) for number in range(len(starts))]
        return [(mine, rows.selection[mine] - start) for mine, start in zip(places, starts, strict=True)]


def shard_edges(n_rows: int, n_shards: int) -> list[int]:
    """Edges of as many shards of nearly the same size, at most one per row."""
    n = max(1, min(n_shards, n_rows))
    return [number * n_rows // n for number in range(n + 1)]
