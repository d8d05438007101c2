from typing import Any

import pyarrow as pa

from data_engine.reporting.html.drifted import compared_batches
from data_engine.schemas import DRIFT_REPORT, RAW_INDEX


def _rows(batch: str, p_value: float | None, **values: Any) -> dict[str, Any]:
    same = {"n_samples": 9, "n_reference": 90, "is_alarm": False, "sample_ids": [], "note": "why"}
    return {"batch": batch, "p_value": p_value, **same, **values}


def test_a_batch_is_one_row_and_only_drifted_ones_show_their_new_samples() -> None:
    rows = [
        _rows("1", 0.4, cluster=0),
        _rows("1", 0.4, sample_ids=["b"]),
        _rows("2", 0.002, cluster=0, is_alarm=True),
        _rows("2", 0.002, is_alarm=True, sample_ids=["a", "gone"]),
        _rows("3", None),
    ]
    raw = {"batch": "2", "uri": "x", "media_type": "text/plain", "n_bytes": 1, "metadata": "{}", "is_readable": True}
    texts = [{**raw, "sample_id": name, "text": f"text {name}", "arrived_at": 0} for name in "ab"]
    tables = {
        "drift_report": pa.Table.from_pylist(rows, schema=DRIFT_REPORT),
        "raw_index": pa.Table.from_pylist(texts, schema=RAW_INDEX),
    }
    first, second, third = compared_batches(tables)
    assert (first.is_alarm, second.is_alarm, third.is_alarm) == (False, True, False)
    assert (list(first.new), [sample.text for sample in second.new], third.p_value) == ([], ["text a"], None)
    assert compared_batches({}) == []
