"""How unsure the model of masks is of images that have just arrived, without looking for masks in them.

What of them is asked about is in `runtime/amendments/arrivals.py`.
"""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.embeddings import sorted_embeddings

Uncertainty = Callable[[NDArray[np.float32]], NDArray[np.float64]]
"""(n, dim) embeddings to (n,) in [0, 1], higher is less sure."""

_N_NEIGHBOURS = 5


def unsure_like_proposals(tables: AcceptedTables) -> Uncertainty | None:
    """Each image is as unsure as the mean of the five images of the subset that are most like it.

    What a grid of points finds in an image takes a second or more, which a sensor has not for every image that arrives.

    Returns: None where nothing is proposed of any image yet.
    """
    rows = tables.read("proposals", columns=["sample_id", "uncertainty"]).to_pylist()
    of_sample = {row["sample_id"]: row["uncertainty"] for row in rows}
    if not of_sample:
        return None
    ids, known = sorted_embeddings(tables, pa.array(sorted(of_sample), pa.string()))
    values = np.array([of_sample[sample_id] for sample_id in ids], dtype=np.float64)
    return lambda x: _mean_of_nearest(np.asarray(x), known, values)


def _mean_of_nearest(
    x: NDArray[np.float32], known: NDArray[np.float32], values: NDArray[np.float64]
) -> NDArray[np.float64]:
    nearest = np.argsort(-(x @ known.T), axis=1, kind="stable")[:, :_N_NEIGHBOURS]
    return np.asarray(values[nearest].mean(axis=1))
