import pyarrow as pa
import pyarrow.compute as pc
import pytest

from data_engine.schemas import long_columns
from data_engine.schemas.long_columns import one_array

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
