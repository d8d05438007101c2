"""What speaks against a label: the nearest samples that carry another one, and the class that most of them have.

How far a label can be trusted as a figure is in `quality.py`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data_engine.labeling.inputs import Floats, matrix, nearest

N_NEIGHBOURS = 20


@dataclass(frozen=True)
class Doubt:
    """What speaks against the label of one sample."""

    row: int
    suggested: str | None
    """The commonest other label among its neighbours; of equally common ones the nearest. None where all agree."""
    n_suggesting: int
    """Neighbours with the suggested label."""
    n_agreeing: int
    """Neighbours with its own label."""
    n_neighbours: int
    disagreeing: tuple[int, ...]
    """The rows of the neighbours with another label, the nearest first."""


def doubts(embeddings: Floats, labels: Sequence[str], rows: Sequence[int]) -> tuple[Doubt, ...]:
    """What the 20 nearest labelled samples of some samples say of their labels.

    Args:
        embeddings: (n, dim) unit rows of all labelled samples.
        labels: (n,) their labels.
        rows: of the samples in doubt.

    Returns: one for each of `rows`, in their order; nothing where there are fewer than two samples.
    Raises: InvalidInput for a wrong shape.
    Source: the vote of neighbours in Bahri, Jiang and Gupta 2020, "Deep k-NN for noisy labels".
    """
    x = matrix(embeddings, "embeddings", n_rows=len(labels))
    if len(x) < 2 or not len(rows):
        return ()
    # One more than is wanted: a sample is its own nearest neighbour, or one of equal ones.
    found, _ = nearest(x[np.asarray(rows)], x, min(N_NEIGHBOURS + 1, len(x)))
    return tuple(_doubt(row, near.tolist(), labels) for row, near in zip(rows, found, strict=True))


def _doubt(row: int, near: list[int], labels: Sequence[str]) -> Doubt:
    neighbours = [other for other in near if other != row][: min(N_NEIGHBOURS, len(near) - 1)]
    votes = Counter(labels[other] for other in neighbours)
    others = {label: n for label, n in votes.items() if label != labels[row]}
    # A Counter keeps the order of the first vote, and so of the nearest neighbour.
    suggested = max(others, key=lambda label: others[label], default=None)
    return Doubt(
        row=row,
        suggested=suggested,
        n_suggesting=others.get(suggested, 0) if suggested is not None else 0,
        n_agreeing=votes[labels[row]],
        n_neighbours=len(neighbours),
        disagreeing=tuple(other for other in neighbours if labels[other] != labels[row]),
    )
