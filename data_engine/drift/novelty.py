"""Whether samples are unlike all that was known: how similar each is to its nearest known one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Floats, Integers, matrix, nearest

_N_NULL_WINDOWS = 999
_TAIL = 0.1
_ODD_QUANTILE = 0.01
_MOST_DRAWN = 20_000


@dataclass(frozen=True, eq=False)
class Novelty:
    """How new a window is.

    `similarities` (m,) inner product of each row with the nearest known one; `rows` those that are less similar than
    all but 1 % of the known ones are to each other, the oddest first. They may be a few when nothing is new.
    """

    p_value: float
    similarities: NDArray[np.float64]
    rows: Integers


@dataclass(frozen=True, eq=False)
class KnownSamples:
    """Samples of all batches, which stand for a corpus; each batch can be tested against those of the others.

    `embeddings` (n, dim) unit rows, `batches` (n,) the number of each one's batch, `nearest_row` (n,) the row number
    of the nearest other one, `similarities` (n,) the inner product with it.
    """

    embeddings: Floats
    batches: Integers
    nearest_row: Integers
    similarities: NDArray[np.float64]

    def n_others(self, batch: int) -> int:
        """How many samples are of other batches."""
        return int((self.batches != batch).sum())

    def nearest_to(self, window: Floats, batch: int) -> NDArray[np.float64]:
        """(m,) the inner product of each row of a batch with the nearest sample of another batch.

        Raises: InvalidInput for a wrong dim or rows that are not finite.
        """
        x = matrix(window, "window", n_columns=self.embeddings.shape[1])
        return nearest(x, self.embeddings[self.batches != batch], 1)[1][:, 0].astype(np.float64)

    def similarities_without(self, batch: int) -> NDArray[np.float64]:
        """The similarity of each sample of other batches to the nearest other one of them, in their order."""
        rows = np.flatnonzero(self.batches != batch)
        known, similarities = self.embeddings[rows], self.similarities[rows].copy()
        lost = np.flatnonzero(~np.isin(self.nearest_row[rows], rows))
        if len(lost):
            # Of the two nearest one is the sample itself, or one that equals it.
            similarities[lost] = nearest(known[lost], known, 2)[1][:, 1]
        return similarities


def known_samples(embeddings: Floats, batches: Sequence[int] | Integers) -> KnownSamples:
    """Find the nearest other one of each sample.

    Args:
        embeddings: (n, dim) unit rows, n >= 2.
        batches: (n,) the number of each one's batch.

    Raises: InvalidInput for rows that are not finite.
    """
    x = np.asarray(matrix(embeddings, "embeddings"), dtype=np.float32)
    rows, similarities = nearest(x, x, 1, is_same=True)
    return KnownSamples(x, np.asarray(batches, np.int64), rows[:, 0], similarities[:, 0].astype(np.float64))


def novelty_of(
    known: NDArray[np.float64],
    window: NDArray[np.float64],
    *,
    seed: int,
    known_counts: Integers | None = None,
    window_counts: Integers | None = None,
) -> Novelty:
    """The novelty of a window, by 999 windows drawn from the known samples; the p-value is at least 0.001.

    Args:
        known: (n,) similarity of each known sample to the nearest other one.
        window: (m,) similarity of each sample of the window to the nearest known one.
        seed: of the windows.
        known_counts: (n,) how often each known sample arrived, duplicates included; once each without.
        window_counts: (m,) the same of the window.
    """
    generator = np.random.default_rng([seed, 1])
    before, now = _repeated(known, known_counts, generator), _repeated(window, window_counts, generator)
    observed = _mean_of_lowest(now)
    n, m, n_as_low = len(before), len(now), 0
    for _ in range(_N_NULL_WINDOWS):
        another = generator.integers(0, n, n)
        n_as_low += _mean_of_lowest(before[another[generator.integers(0, n, m)]]) <= observed
    odd = np.flatnonzero(window < np.quantile(known, _ODD_QUANTILE))
    odd = odd[np.argsort(window[odd], kind="stable")]
    return Novelty(float((1 + n_as_low) / (1 + _N_NULL_WINDOWS)), window, odd)


def _repeated(
    values: NDArray[np.float64], counts: Integers | None, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Each value as often as it counts; of very many, as many drawn at random."""
    repeated = values if counts is None else np.repeat(values, counts)
    return repeated if len(repeated) <= _MOST_DRAWN else generator.choice(repeated, _MOST_DRAWN, replace=False)


def _mean_of_lowest(similarities: NDArray[np.float64]) -> float:
    """Mean of the lowest tenth."""
    n_lowest = max(1, int(len(similarities) * _TAIL))
    return float(np.partition(similarities, n_lowest - 1)[:n_lowest].mean())
