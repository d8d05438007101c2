"""k-means on a torch device, with the labels, the draws and the means that the CPU gives.

Only where two centroids are equally near within the rounding of float64 may it choose the other one.

Tiles of rows go to the device, or lie there where they fit. Labels come from bfloat16 products with a bound of their
error, and close calls are decided by float64 distances, as in `float32_products`. Sums are made in 64-bit fixed point:
in whatever order a GPU adds, the sum is the same.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from data_engine.clustering.matrix_rows import Rows
from data_engine.clustering.types import Assignment, FloatMatrix, Matrix

#: Scores that are held at once: on a GPU, which needs large products, and elsewhere.
_GPU_SCORES, _OTHER_SCORES = 1 << 28, 1 << 20
#: Rows of a tile where no scores are held.
_TILE_ROWS = 1 << 14
#: Differences in float64 that are held at once.
_DIFFERENCES = 1 << 26
#: Share of a GPU's free memory that a matrix may take.
_RESIDENT_SHARE = 0.6
#: Share by which norms in float32 may be too small.
_NORM_ROUNDING = 1.001
_UNDERFLOW = 1e-30
#: Below this share of the squared norms, a float32 product cannot tell a distance from rounding.
_ROUNDING_SHARE = 1e-5


@dataclass(frozen=True, eq=False)
class _Centroids:
    """Centroids around their mean, in bfloat16, and what bounds the error of products with them."""

    shift: Tensor
    """(dim,) float32."""
    weights: Tensor
    """(width, k) bfloat16: [row - shift, 1, 1, 1] @ weights is |row - centroid|^2 - |row - shift|^2."""
    norm: float
    """Largest |centroid - shift|."""
    residual: float
    """Largest |(centroid - shift) - the same in bfloat16|."""


class TorchDevice:
    """Computes over the rows of one matrix."""

    def __init__(self, x: Matrix, device: torch.device) -> None:
        """Move the matrix (n, dim) to the device if it fits there."""
        self._x = x
        self._device = device
        self._max_scores = _GPU_SCORES if device.type == "cuda" else _OTHER_SCORES
        self._resident = self._moved(x) if self._fits(x) else None

    def nearest(self, rows: Rows, centroids: FloatMatrix) -> Assignment:
        """(n,) number of the nearest centroid by squared L2 in float64; the lowest number wins a tie."""
        exact = self.moved(centroids)
        moved = _around_their_mean(exact)
        labels = np.empty(len(rows), dtype=np.int32)
        for part, tile in self.tiles(rows, int(np.clip(self._max_scores // len(centroids), 128, _TILE_ROWS))):
            labels[part] = _labelled(tile, exact, moved).to(torch.int32).cpu().numpy()
        return labels

    def sums(self, rows: Rows, labels: Assignment, n_clusters: int, exponent: int) -> NDArray[np.int64]:
        """(n_clusters, dim) sums of the rows with each label in steps of 2^-exponent, to which values are rounded."""
        sums = torch.zeros((n_clusters, rows.dim), dtype=torch.int64, device=self._device)
        for part, tile in self.tiles(rows, _TILE_ROWS):
            fixed = (tile.double() * 2.0**exponent).round_().long()
            sums.index_add_(0, self.moved(labels[part]), fixed)
        return np.asarray(sums.cpu().numpy(), dtype=np.int64)

    def potential(self, rows: Rows) -> "TorchPotential":
        """The potential of no centroid yet: infinite."""
        return TorchPotential(self, rows)

    def tiles(self, rows: Rows, n_rows: int) -> Iterator[tuple[slice, Tensor]]:
        """Slices of at most `n_rows` positions with their rows as float32 on the device."""
        for start in range(0, len(rows), n_rows):
            part = slice(start, min(start + n_rows, len(rows)))
            if self._resident is None:
                yield part, self.moved(rows.take(part))
            elif rows.selection is None:
                yield part, self._resident[part].float()
            else:
                yield part, self._resident[self.moved(rows.selection[part])].float()

    def moved(self, values: NDArray[Any]) -> Tensor:
        """A copy of an array on the device."""
        return torch.tensor(values, device=self._device)

    def _fits(self, x: Matrix) -> bool:
        if self._device.type != "cuda":
            return False
        free, _ = torch.cuda.mem_get_info(self._device)
        return x.nbytes <= _RESIDENT_SHARE * free - 16 * self._max_scores

    def _moved(self, x: Matrix) -> Tensor:
        kind = torch.float16 if x.dtype == np.float16 else torch.float32
        resident = torch.empty(x.shape, dtype=kind, device=self._device)
        for start in range(0, len(x), _TILE_ROWS):
            part = slice(start, start + _TILE_ROWS)
            resident[part] = torch.tensor(
                np.asarray(x[part], dtype=np.float16 if x.dtype == np.float16 else np.float32)
            )
        return resident


class TorchPotential:
    """Squared distance of every row to the closest centroid chosen so far; computed as `seeding` does."""

    def __init__(self, device: TorchDevice, rows: Rows) -> None:
        self._device = device
        self._rows = rows
        self._shift = device.moved(rows.rough_middle())
        self._closest = device.moved(np.full(len(rows), np.inf, dtype=np.float32))
        self.closest = self._closest.cpu().numpy()

    def add(self, positions: NDArray[np.int64]) -> None:
        """Take the rows at these positions in as centroids."""
        centroids = self._device.moved(self._rows.take(positions))
        for part, tile in self._device.tiles(self._rows, _TILE_ROWS):
            scores, norms = self._scores(tile, centroids)
            found, column = scores.min(dim=1)
            found += norms
            closest = self._closest[part]
            small = ((found <= _ROUNDING_SHARE * norms) & (closest > 0)).nonzero()[:, 0]
            found[small] = (tile[small] - centroids[column[small]]).square().sum(dim=1)
            self._closest[part] = torch.minimum(closest, found.clamp_(min=0))
        self._closest[self._device.moved(positions)] = 0
        self.closest = self._closest.cpu().numpy()

    def gains(self, positions: NDArray[np.int64], sample: NDArray[np.int64] | None) -> NDArray[np.float64]:
        """(m,) drop of the potential of a sample of rows (None: all) if one of these were added, for each of them."""
        rows, closest = self._rows, self._closest
        if sample is not None:
            rows, closest = rows.narrowed(sample), closest[self._device.moved(sample)]
        candidates = self._device.moved(self._rows.take(positions))
        total = np.zeros(len(positions), dtype=np.float64)
        for part, tile in self._device.tiles(rows, _TILE_ROWS):
            scores, norms = self._scores(tile, candidates)
            room = closest[part] - norms
            total += (room[:, None] - scores).clamp_(min=0).sum(dim=0, dtype=torch.float64).cpu().numpy()
        return total

    def _scores(self, tile: Tensor, centroids: Tensor) -> tuple[Tensor, Tensor]:
        """(m, k) squared distances less the squared norms of the rows, and these (m,) norms, around the middle."""
        centred, moved = tile - self._shift, centroids - self._shift
        squares = moved.double().square().sum(dim=1).float()
        return torch.addmm(squares, centred, moved.T, alpha=-2), centred.square().sum(dim=1)


def _around_their_mean(centroids: Tensor) -> _Centroids:
    shift = centroids.double().mean(dim=0).float()
    moved = centroids - shift
    rounded = moved.bfloat16()
    # Three bfloat16 numbers hold a float32 square; a product with ones adds it without another pass over the scores.
    rest = moved.double().square().sum(dim=1).float()
    pieces = []
    for _ in range(3):
        pieces.append(rest.bfloat16())
        rest = rest - pieces[-1].float()
    columns = torch.cat([-2 * rounded, torch.stack(pieces, dim=1)], dim=1)
    residual = (moved - rounded.float()).norm(dim=1).max()
    return _Centroids(
        shift,
        torch.nn.functional.pad(columns, (0, -columns.shape[1] % 8)).T,
        _NORM_ROUNDING * float(moved.norm(dim=1).max()),
        _NORM_ROUNDING * float(residual),
    )


def _labelled(tile: Tensor, centroids: Tensor, moved: _Centroids) -> Tensor:
    """(m,) nearest centroid of every row of a tile."""
    centred = tile - moved.shift
    rounded = centred.bfloat16()
    width = _width(centred, rounded, moved)
    augmented = torch.nn.functional.pad(rounded, (0, 3), value=1.0)
    augmented = torch.nn.functional.pad(augmented, (0, moved.weights.shape[0] - augmented.shape[1]))
    scores = _product(augmented, moved.weights)
    lowest, label = scores.min(dim=1)
    scores.scatter_(1, label[:, None], torch.inf)
    close = (scores.amin(dim=1) <= lowest + width).nonzero()[:, 0]
    if len(close):
        possible = scores[close] <= (lowest + width)[close, None]
        possible.scatter_(1, label[close, None], True)
        label[close] = _decided(tile[close], centroids, possible)
    return label


def _width(centred: Tensor, rounded: Tensor, moved: _Centroids) -> Tensor:
    """(m,) how much the scores of two centroids of one row can be off together, by the Cauchy-Schwarz inequality."""
    norm = _NORM_ROUNDING * centred.norm(dim=1)
    residual = _NORM_ROUNDING * (centred - rounded.float()).norm(dim=1)
    rounded_norm = moved.norm + moved.residual
    product_error = norm * moved.residual + residual * rounded_norm
    # Sums in float32 inside the product, doubled for safety; the squares lose as much.
    sum_error = 2 * (centred.shape[1] + 8) * 2.0**-24 * ((norm + residual) * rounded_norm + moved.norm**2)
    width: Tensor = 4 * (product_error + sum_error) + _UNDERFLOW
    return width


def _product(rows: Tensor, weights: Tensor) -> Tensor:
    """(m, k) float32 product of bfloat16 matrices, summed in float32."""
    if rows.device.type == "cuda":
        return torch.mm(rows, weights, out_dtype=torch.float32)
    return rows.float() @ weights.float()


def _decided(tile: Tensor, centroids: Tensor, possible: Tensor) -> Tensor:
    """(m,) the possible centroid (m, k) with the smallest float64 distance; the lowest number wins a tie."""
    row, column = possible.nonzero(as_tuple=True)
    step = max(1, _DIFFERENCES // tile.shape[1])
    distance = torch.cat(
        [
            (tile[row[at : at + step]].double() - centroids[column[at : at + step]]).square().sum(dim=1)
            for at in range(0, len(row), step)
        ]
    )
    smallest = torch.full((len(tile),), torch.inf, dtype=torch.float64, device=tile.device)
    smallest.scatter_reduce_(0, row, distance, "amin")
    label = torch.full((len(tile),), len(centroids), dtype=torch.int64, device=tile.device)
    won = distance == smallest[row]
    label.scatter_reduce_(0, row[won], column[won], "amin")
    return label
