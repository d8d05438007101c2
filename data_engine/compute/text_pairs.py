"""Where the near-duplicates of a batch of texts are looked for; how is in `data_engine.duplicates.texts`."""

from collections.abc import Iterator
from contextlib import contextmanager

from data_engine.compute.choice import Compute, chosen_engine
from data_engine.compute.spreading import Spread, over_threads, over_workers
from data_engine.cost_model.work_costs import PAIRS_PER_CORE


def pair_minutes(n_texts: int) -> float:
    """Estimated minutes in which every core of this host finds the near-duplicates of so many texts."""
    from joblib import cpu_count

    return n_texts / (PAIRS_PER_CORE * int(cpu_count())) / 60


@contextmanager
def spread_pairs(choice: Compute, n_texts: int) -> Iterator[tuple[Spread, str]]:
    """What sketches texts and compares pairs by a corpus' choice, and where that is, for people.

    Raises: InvalidInput when the cluster cannot be reached.
    """
    with chosen_engine(choice, f"comparing {n_texts} texts", pair_minutes(n_texts)) as chosen:
        if chosen.engine is None:
            yield over_threads, chosen.said
        else:
            with over_workers(chosen.engine) as spread:
                yield spread, chosen.said
