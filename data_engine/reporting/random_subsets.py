"""Random subsets of the kept samples, which a balanced subset is compared with."""

import weakref

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.reporting.columns_on_demand import ColumnsOnDemand, pieces_where
from data_engine.schemas.long_columns import one_array


def random_kept(first_pass: pa.Table | ColumnsOnDemand, size: int, rng: np.random.Generator) -> pa.Array:
    """The ids of some kept samples, each as likely as any other and none twice.

    Args:
        first_pass: sample_id and verdict of every raw sample.
        size: how many; all of them where there are fewer.
        rng: what they are drawn with; the same samples are drawn in whatever order the rows are.
    """
    kept = kept_ids(first_pass)
    drawn = kept.take(pa.array(rng.choice(len(kept), size=min(size, len(kept)), replace=False)))
    # Ids of more than 67 million samples are large strings.
    return drawn.cast(pa.string())


def kept_ids(first_pass: pa.Table | ColumnsOnDemand) -> pa.Array:
    """The ids of the kept samples, sorted, each once."""
    key = id(first_pass)
    if key not in _SORTED:
        pieces = list(pieces_where(first_pass, ["sample_id"], pc.field("verdict") == "kept"))
        ids = one_array(
            pa.chunked_array([chunk for piece in pieces for chunk in piece["sample_id"].chunks], pa.string())
        )
        ids = ids.take(pc.array_sort_indices(ids))
        if len(ids):
            ids = ids.filter(pa.concat_arrays([pa.array([True]), pc.not_equal(ids[1:], ids[:-1])]))
        _SORTED[key] = ids
        weakref.finalize(first_pass, _SORTED.pop, key, None)
    return _SORTED[key]


#: The ids of tables that are in use, by the table's identity: a report draws from them for its metrics and its plots.
_SORTED: dict[int, pa.Array] = {}
