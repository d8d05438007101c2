"""How far annotators agree beyond chance: Krippendorff's alpha of any number, Cohen's kappa of two.

What they agree on, as one label per sample, is in `consensus.py`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from data_engine.errors import InvalidInput, NotEnoughData


def krippendorff_alpha(ratings: Any) -> float:
    """Krippendorff's alpha for nominal answers with gaps.

    Args:
        ratings: (n_annotators, n_samples) numbers; NaN where an annotator did not answer.

    Returns: 1 for full agreement, 0 for chance, negative below chance. When only one value occurs, 1.0 by convention.
    Raises: InvalidInput for a wrong shape, NotEnoughData when no sample has two answers.
    Source: Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", section C.
    """
    table = np.asarray(ratings, dtype=np.float64)
    if table.ndim != 2:
        raise InvalidInput(f"ratings has shape {table.shape}; give one row per annotator and one column per sample")
    values = np.unique(table[~np.isnan(table)])
    counts = np.stack([(table == value).sum(axis=0) for value in values], axis=1) if len(values) else np.zeros((0, 0))
    counts = counts[counts.sum(axis=1) >= 2] if counts.size else counts
    if len(counts) == 0:
        raise NotEnoughData("no sample has two answers; alpha needs samples that at least two annotators answered")
    per_sample = counts.sum(axis=1)
    pairs_that_agree = ((counts * (counts - 1)).sum(axis=1) / (per_sample - 1)).sum()
    n = per_sample.sum()
    per_value = counts.sum(axis=0)
    expected = (per_value * (per_value - 1)).sum() / (n - 1)
    return 1.0 if expected == n else float(1 - (n - pairs_that_agree) / (n - expected))


def cohen_kappa(one: Sequence[str], other: Sequence[str]) -> float:
    """Cohen's kappa of two annotators.

    Args:
        one: (n,) answers of the first.
        other: (n,) answers of the second to the same samples.

    Returns: 1 for full agreement, 0 for chance, negative below chance. When only one value occurs, 1.0 by convention.
    Raises: InvalidInput for different lengths, NotEnoughData without a sample.
    Source: Cohen 1960, Educational and Psychological Measurement 20.
    """
    if len(one) != len(other):
        raise InvalidInput(f"the annotators have {len(one)} and {len(other)} answers; give those to the same samples")
    n = len(one)
    if not n:
        raise NotEnoughData("the annotators share 0 samples; kappa needs at least one")
    counts, others = Counter(one), Counter(other)
    by_chance = sum(counts[name] * others[name] for name in counts) / n**2
    agreed = sum(a == b for a, b in zip(one, other, strict=True)) / n
    return 1.0 if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)
