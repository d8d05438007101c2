from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from data_engine.storage.scratch import OrderedBatches, ordered_batches

SCHEMA = pa.schema([("n", pa.int64()), ("text", pa.string()), ("none", pa.string())])


def _batch(*numbers: int) -> pa.RecordBatch:
    columns = [pa.array(numbers), pa.array([f"text {n}" * 5 for n in numbers]), pa.nulls(len(numbers), pa.string())]
    return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)


@pytest.mark.parametrize("in_memory", [0, 400, 1 << 20], ids=["on disk", "some on disk", "in memory"])
@pytest.mark.parametrize("window", [1, 300, 1 << 20], ids=["row by row", "some windows", "one window"])
def test_rows_come_in_the_order_asked_for_wherever_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_memory: int, window: int
) -> None:
    monkeypatch.setattr(ordered_batches, "IN_MEMORY_BYTES", in_memory)
    monkeypatch.setattr(ordered_batches, "WINDOW_BYTES", window)
    rows = OrderedBatches(tmp_path, SCHEMA)
    numbers = list(range(40))
    for start in range(0, 40, 7):
        rows.add(_batch(*numbers[start : start + 7]))
    order = np.random.default_rng(0).permutation(40)
    for _ in range(2):
        batches = list(rows.in_order(order))
        assert pa.Table.from_batches(batches, SCHEMA).equals(pa.Table.from_batches([_batch(*order.tolist())]))
    assert (len(batches) == 1) == (window == 1 << 20)
    assert len(rows) == 40


def test_no_rows_are_no_batches(tmp_path: Path) -> None:
    assert list(OrderedBatches(tmp_path, SCHEMA).in_order(np.array([], np.int64))) == []
