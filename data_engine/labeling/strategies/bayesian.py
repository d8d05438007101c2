"""Uncertainty from several classifiers: where they disagree, a label decides between them.

The classifiers are drawn by dropout (`Pool.draws`) where the caller gives none.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from data_engine.labeling.inputs import Floats
from data_engine.labeling.strategies.strategy import Pool, Strategy, Utilities
from data_engine.labeling.strategies.uncertainty import pick_top

_LEAST = 1e-12
_LEAST_SPREAD = 1e-9
_LEAST_PARAMETER = 1e-2


def predictive_entropy(draws: Floats) -> Utilities:
    """Entropy in nats of the mean of (n_draws, n, n_classes) class probabilities; (n,) in [0, log n_classes]."""
    return _entropy(draws.mean(axis=0, dtype=np.float64))


def mutual_information(draws: Floats) -> Utilities:
    """What a label would tell of the classifier: entropy of the mean minus mean of the entropies, in nats; (n,).

    Source: Houlsby et al. 2011, "Bayesian Active Learning for Classification and Preference Learning" (BALD).
    """
    return np.asarray(np.maximum(predictive_entropy(draws) - _entropy(draws).mean(axis=0, dtype=np.float64), 0))


def dirichlet_entropy(draws: Floats) -> Utilities:
    """Differential entropy of the Dirichlet distribution fitted to (n_draws, n, n_classes) class probabilities; (n,).

    A flat one, of high entropy, says that hardly anything is known of the sample; a peak in the middle says that the
    classes themselves overlap there, and another label would not help.

    Source: Malinin and Gales 2018, "Predictive Uncertainty Estimation via Prior Networks".
    """
    from scipy.special import gammaln, psi

    alpha = _fitted_dirichlet(draws)
    total = alpha.sum(axis=-1)
    log_beta = gammaln(alpha).sum(axis=-1) - gammaln(total)
    return np.asarray(log_beta + (total - alpha.shape[-1]) * psi(total) - ((alpha - 1) * psi(alpha)).sum(axis=-1))


def dirichlet_information(draws: Floats) -> Utilities:
    """Mutual information, in nats, under the fitted Dirichlet distribution: entropy of its mean minus its mean entropy.

    Source: Malinin and Gales 2018, as `dirichlet_entropy`.
    """
    from scipy.special import psi

    alpha = _fitted_dirichlet(draws)
    total = alpha.sum(axis=-1, keepdims=True)
    expected = -(alpha / total * (psi(alpha + 1) - psi(total + 1))).sum(axis=-1)
    return np.asarray(np.maximum(_entropy(alpha / total) - expected, 0))


def _fitted_dirichlet(draws: Floats) -> NDArray[np.float64]:
    """(n, n_classes) parameters by moments: the mean is that of the draws, the sum follows from their variances.

    Source: Minka 2000, "Estimating a Dirichlet distribution".
    """
    mean, spread = draws.mean(axis=0, dtype=np.float64), draws.var(axis=0, dtype=np.float64).sum(axis=-1)
    total = (mean * (1 - mean)).sum(axis=-1) / np.maximum(spread, _LEAST_SPREAD) - 1
    return np.asarray(np.maximum(np.maximum(total, _LEAST_PARAMETER)[:, None] * mean, _LEAST_PARAMETER))


def _entropy(probabilities: Floats) -> Utilities:
    return np.asarray(-(probabilities * np.log(np.maximum(probabilities, _LEAST))).sum(axis=-1), dtype=np.float64)


def _of_blocks(measure: Callable[[Floats], Utilities]) -> Callable[[Pool], Utilities]:
    def measured(pool: Pool) -> Utilities:
        return np.concatenate([measure(draws) for draws in pool.draws()])

    return measured


def _mixture(pool: Pool) -> Utilities:
    """Mean of the ranks, in (0, 1], by disagreement of draws, by information and entropy of a Dirichlet."""
    from scipy.stats import rankdata

    measures = (mutual_information, dirichlet_information, dirichlet_entropy)
    values = [np.stack([measure(draws) for measure in measures], axis=1) for draws in pool.draws()]
    return np.asarray(rankdata(np.concatenate(values), axis=0).mean(axis=1) / len(pool.free))


MC_DROPOUT = Strategy(
    "mc_dropout",
    "the highest entropy of the mean of classifiers drawn by dropout",
    _of_blocks(predictive_entropy),
    pick_top,
    needs_layer=True,
)
BALD = Strategy(
    "bald",
    "the greatest disagreement between classifiers drawn by dropout",
    _of_blocks(mutual_information),
    pick_top,
    needs_layer=True,
)
MC_DIRICHLET = Strategy(
    "mc_dirichlet",
    "the greatest disagreement between classifiers drawn by dropout, and the widest Dirichlet distribution of them",
    _mixture,
    pick_top,
    needs_layer=True,
)
