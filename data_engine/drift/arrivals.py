"""How new a batch is, and whether its centre moved, where duplicates were removed: what arrived counts."""

import numpy as np

from data_engine.drift.centre import centre_p
from data_engine.drift.novelty import KnownSamples, Novelty, novelty_of
from data_engine.labeling.inputs import Floats, Integers


def novelty_of_arrivals(
    known: KnownSamples,
    batch: int,
    window: Floats,
    *,
    known_elsewhere: Integers,
    window_inside: Integers,
    window_elsewhere: Integers,
    n_inside: int,
    seed: int,
) -> Novelty:
    """The novelty of a batch against the other ones, every arrival counted, whichever of its copies was kept.

    An arrival that another one repeats is as like a known sample as can be. On both sides: what other batches repeat
    of a sample of this batch is part of the others, too. Without it a batch would look the less new the earlier it
    came, since early batches hold the copies that were kept.

    Args:
        known: samples of all batches, n of them.
        batch: number of the batch among them; any other number where none of them is of it.
        window: (m, dim) unit rows of the samples that were kept of the batch.
        known_elsewhere: (n,) arrivals of other batches for which each known sample stands.
        window_inside: (m,) arrivals of the batch for which each of its samples stands.
        window_elsewhere: (m,) arrivals of other batches for which each of its samples stands.
        n_inside: arrivals of the batch; those for which none of its own samples stands repeat known ones.
        seed: of the null windows.

    Raises: InvalidInput for a wrong dim or rows that are not finite.
    """
    own = known.batches == batch
    before = np.empty(len(own))
    before[~own] = known.similarities_without(batch)
    if own.any():
        before[own] = known.nearest_to(known.embeddings[own], batch)
    now, n_repeated = known.nearest_to(window, batch), n_inside - int(window_inside.sum())
    counted = known_elsewhere > 0
    before = np.where(known_elsewhere > 1, 1.0, np.minimum(before, 1.0))[counted]
    return novelty_of(
        before,
        np.append(np.where(window_elsewhere > 0, 1.0, np.minimum(now, 1.0)), 1.0),
        seed=seed,
        known_counts=known_elsewhere[counted],
        window_counts=np.append(window_inside, n_repeated),
    )


def centre_of_arrivals(
    known: Floats,
    window: Floats,
    *,
    known_elsewhere: Integers,
    known_inside: Integers,
    window_inside: Integers,
    n_inside: int,
    is_all: bool,
) -> float:
    """The p-value that the centre of a batch differs from that of the others by chance, every arrival counted.

    Args:
        known: (n, dim) samples of all batches.
        window: (m, dim) the samples that were kept of the batch.
        known_elsewhere: (n,) arrivals of other batches for which each known sample stands.
        known_inside: (n,) arrivals of the batch for which each known sample of another batch stands.
        window_inside: (m,) arrivals of the batch for which each of its own samples stands.
        n_inside: arrivals of the batch; those that repeat samples which are not among the known ones are taken to be
            as the others that repeat some.
        is_all: whether the known samples are all there are; of some, each is worth one draw however often it arrived.

    Raises: InvalidInput for a wrong dim or rows that are not finite.
    """
    n_repeating, n_found = n_inside - int(window_inside.sum()), int(known_inside.sum())
    repeated = known_inside * (n_repeating / n_found) if n_found else known_inside.astype(np.float64)
    counted, again = known_elsewhere > 0, repeated > 0
    worth = None if is_all else int(known_elsewhere.sum() ** 2 / max(1, (known_elsewhere.astype(float) ** 2).sum()))
    return centre_p(
        known[counted],
        np.concatenate([window, known[again]]),
        known_counts=known_elsewhere[counted],
        window_counts=np.concatenate([window_inside, repeated[again]]),
        n_known=worth,
    )
