"""How far annotators agree beyond chance: Cohen's kappa for two, Krippendorff's alpha for any number."""

from typing import Any

import numpy as np

from data_engine.errors import InvalidInput, NotEnoughData


def cohen_kappa(a: Any, b: Any) -> float:
    """Cohen's kappa of two annotators who answered the same samples.

    Args:
        a: (n,) answers of one annotator, of any kind that can be compared.
        b: (n,) answers of the other.

    Returns: 1 for full agreement, 0 for chance, negative below chance. When both gave one and the same answer
        everywhere, chance explains all of it and kappa is undefined: 1.0 by convention, since they never disagree.
    Raises: InvalidInput for different lengths, NotEnoughData without samples.
    Source: Cohen 1960.
    """
    first, second = np.asarray(a), np.asarray(b)
    if first.shape != second.shape or first.ndim != 1:
        raise InvalidInput(f"the answers have shapes {first.shape} and {second.shape}; give two lists of equal length")
    if len(first) == 0:
        raise NotEnoughData("there are 0 common samples; agreement needs some that both annotators answered")
    _, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    n_values = int(codes.max()) + 1
    table = np.zeros((n_values, n_values))
    np.add.at(table, (codes[: len(first)], codes[len(first) :]), 1 / len(first))
    by_chance = float(table.sum(axis=1) @ table.sum(axis=0))
    return 1.0 if by_chance >= 1 else float((np.trace(table) - by_chance) / (1 - by_chance))


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
