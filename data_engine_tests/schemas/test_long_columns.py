import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from data_engine.schemas import long_columns
from data_engine.schemas.long_columns import one_array, rows_taken, taken

IDS = pa.chunked_array([["a" * 32, "b" * 32], ["c" * 32]])


@pytest.mark.parametrize(("most", "kind"), [(96, pa.string()), (95, pa.large_string())])
def test_ids_are_one_array_of_the_kind_that_can_count_them(
    monkeypatch: pytest.MonkeyPatch, most: int, kind: pa.DataType
) -> None:
    monkeypatch.setattr(long_columns, "_MOST_BYTES", most)
    ids = one_array(IDS)
    assert ids.type == kind
    assert ids.to_pylist() == IDS.to_pylist()
    assert pc.index_in(pa.array(["c" * 32, "d"]), value_set=ids).to_pylist() == [2, None]
    assert pc.is_in(ids, value_set=pa.array(["a" * 32])).to_pylist() == [True, False, False]
    assert pc.equal(ids, pa.array(IDS.to_pylist())).to_pylist() == [True] * 3


def test_strings_end_where_their_offsets_do_and_a_column_may_be_empty() -> None:
    assert pa.int32().bit_width // 32 * (2**31 - 1) == long_columns._MOST_BYTES
    assert one_array(pa.chunked_array([], pa.string())).to_pylist() == []


@pytest.mark.parametrize("most", [1000, 96, 95, 64, 1])
def test_rows_are_taken_in_order_also_where_they_do_not_fit_in_one_array(
    monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(long_columns, "_MOST_BYTES", most)
    table = pa.table({"sample_id": IDS, "n": pa.chunked_array([[1, 2, 3]])})
    rows = np.array([2, 0, 0, 1])
    found = rows_taken(table, rows)
    assert found.schema == table.schema
    assert found.to_pydict() == {"sample_id": [key * 32 for key in "caab"], "n": [3, 1, 1, 2]}
    longest = max(sum(map(len, chunk.to_pylist())) for chunk in found["sample_id"].chunks)
    assert longest <= max(most, 32)
    assert taken(IDS, rows[:0]).to_pylist() == []
    assert taken(pa.chunked_array([], pa.string()), rows[:0]).to_pylist() == []
