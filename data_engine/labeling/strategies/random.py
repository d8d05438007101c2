"""The random strategy: the baseline that every other one has to beat.

Random control batches beside the query batches are in `data_engine.labeling.rounds`.
"""

import numpy as np

from data_engine.labeling.inputs import Integers
from data_engine.labeling.strategies.strategy import Pool, Strategy, Utilities


def _indifferent(pool: Pool) -> Utilities:
    return np.ones(len(pool.free))


def _pick(pool: Pool, _utilities: Utilities | None, n_wanted: int) -> Integers:
    return pool.generator().choice(pool.free, size=n_wanted, replace=False)


RANDOM = Strategy("random", "every sample with the same chance", _indifferent, _pick, needs_probabilities=False)
