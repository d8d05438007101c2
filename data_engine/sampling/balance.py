"""Measures of balance: how evenly samples are spread over classes or clusters.

Whole methods are compared in `comparison.py`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from data_engine.errors import InvalidInput, NotEnoughData


@dataclass(frozen=True)
class Balance:
    """Measures of how evenly labelled samples are spread over the classes that exist."""

    kl: float
    """Kullback-Leibler divergence to uniform in nats; 0 is perfectly balanced, log(n_classes) is one class only."""
    coverage: float
    """Share of the classes with at least one sample."""
    largest_share: float
    """Share of the samples in the largest class."""
    top_10_share: float
    """Share of the samples in the ten largest classes."""
    n: int
    """Samples counted."""


def kl_to_uniform(counts: ArrayLike) -> float:
    """Kullback-Leibler divergence in nats from a histogram to the uniform distribution over its entries.

    Args:
        counts: (n_classes,) samples per class; an empty class contributes 0 and still counts as a class.

    Returns: sum of p * log(p * n_classes), in [0, log(n_classes)]; lower is more balanced.
    Raises: NotEnoughData without samples, InvalidInput for counts that are negative or not one row.
    """
    values = np.asarray(counts, dtype=np.float64)
    if values.ndim != 1 or not (values >= 0).all():
        raise InvalidInput(f"counts is {np.array2string(values, threshold=6)}; give one number of at least 0 per class")
    if values.sum() == 0:
        raise NotEnoughData(f"the {len(values)} classes hold 0 samples; balance needs at least 1")
    shares = values[values > 0] / values.sum()
    return max(float((shares * np.log(shares * len(values))).sum()), 0.0)


def balance(labels: Sequence[str], classes: Sequence[str]) -> Balance:
    """The balance of labels over the classes that exist, including those that no label names.

    Raises: InvalidInput for a label outside the classes, NotEnoughData without labels.
    """
    count_of = Counter(labels)
    outside = sorted(set(count_of) - set(classes))
    if outside:
        raise InvalidInput(f"{len(outside)} labels are not among the classes ({outside[0]!r}); give all classes")
    return balance_of(np.array([count_of[name] for name in dict.fromkeys(classes)], dtype=np.int64))


def balance_of(counts: NDArray[np.int64]) -> Balance:
    """The balance of (n_classes,) samples per class. Raises: NotEnoughData without samples."""
    divergence = kl_to_uniform(counts)
    return Balance(
        kl=divergence,
        coverage=float((counts > 0).mean()),
        largest_share=float(counts.max() / counts.sum()),
        top_10_share=float(np.sort(counts)[-10:].sum() / counts.sum()),
        n=int(counts.sum()),
    )


def compare_balance(
    raw_labels: Sequence[str],
    random_labels: Sequence[Sequence[str]],
    chosen_labels: Sequence[str],
    classes: Sequence[str],
) -> pa.Table:
    """The balance of all samples, of random subsets and of the balanced subset, in one table.

    Args:
        raw_labels: classes of all samples.
        random_labels: classes of the samples of each of several random subsets, as large as the chosen one.
        chosen_labels: classes of the chosen samples.
        classes: all classes that exist.

    Returns: one row for each of raw, random and balanced, with the figures of `Balance`. For random they are means
        over the draws, with `_low` and `_high` the 5 % and 95 % quantiles of the draws; null on the other rows.
    Raises: InvalidInput for a label outside the classes, NotEnoughData where a subset is empty or no draw is given.
    """
    names = list(dict.fromkeys(classes))
    every = [raw_labels, *random_labels, chosen_labels]
    outside = sorted(set().union(*every) - set(names))
    if outside:
        raise InvalidInput(f"{len(outside)} labels are not among the classes ({outside[0]!r}); give all classes")
    raw, *random, chosen = [np.array([n[name] for name in names], np.int64) for n in map(Counter, every)]
    return compare_counts(raw, random, chosen)


def compare_counts(raw: NDArray[np.int64], random: Sequence[NDArray[np.int64]], chosen: NDArray[np.int64]) -> pa.Table:
    """`compare_balance` of (n_classes,) samples per class: of all, of each of several random subsets, of the chosen.

    Raises: NotEnoughData where a subset is empty or no draw is given.
    """
    if not random:
        raise NotEnoughData("random_labels holds 0 draws; give at least 1 to compare with")
    draws = [asdict(balance_of(counts)) for counts in random]
    rows = []
    for name, figures in (
        ("raw", asdict(balance_of(raw))),
        ("random", {key: float(np.mean([draw[key] for draw in draws])) for key in draws[0]}),
        ("balanced", asdict(balance_of(chosen))),
    ):
        row: dict[str, str | float | None] = {"subset": name, **figures}
        for key in ("kl", "coverage", "largest_share", "top_10_share"):
            spread = np.quantile([draw[key] for draw in draws], [0.05, 0.95]) if name == "random" else (None, None)
            row |= {f"{key}_low": spread[0], f"{key}_high": spread[1]}
        rows.append(row | {"n": round(figures["n"])})
    return pa.Table.from_pylist(rows, schema=_COMPARISON)


_FIGURES = ("kl", "coverage", "largest_share", "top_10_share")
_COMPARISON = pa.schema(
    [pa.field("subset", pa.string()), pa.field("n", pa.int64())]
    + [pa.field(f"{key}{end}", pa.float64()) for key in _FIGURES for end in ("", "_low", "_high")]
)
