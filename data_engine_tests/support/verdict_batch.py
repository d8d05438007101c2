"""A batch of verdicts whose rows carry a mark, so that a torn read shows."""

import pyarrow as pa

from data_engine.schemas import FIRST_PASS

N_ROWS = 2_000


def verdict_batch(batch, mark):
    rows = {
        "sample_id": [f"{mark}-{i}" for i in range(N_ROWS)],
        "batch": [batch] * N_ROWS,
        "uri": [str(i) for i in range(N_ROWS)],
        "verdict": ["kept"] * N_ROWS,
        "reason": [mark] * N_ROWS,
    }
    columns = [rows.get(f.name) or pa.nulls(N_ROWS, f.type) for f in FIRST_PASS]
    return pa.Table.from_arrays([pa.array(c) if isinstance(c, list) else c for c in columns], schema=FIRST_PASS)
