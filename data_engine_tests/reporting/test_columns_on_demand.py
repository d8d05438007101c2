from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from schema_tables import table
from watched_dataset import Watched

from data_engine.reporting.columns_on_demand import ColumnsOnDemand, counted, pieces_where

RAW = table(
    "raw_index",
    [
        {"sample_id": "a", "uri": "u1", "text": "knead the dough"},
        {"sample_id": "a", "uri": "u2", "text": "another place"},
        {"sample_id": "b", "uri": "u3", "text": None},
        {"sample_id": "c", "uri": "u4", "text": None},
    ],
)


def test_columns_are_read_once_and_all_else_is_as_of_the_whole_table() -> None:
    watched = Watched(RAW)
    on_demand = ColumnsOnDemand(watched)
    assert on_demand.num_rows == 4
    assert on_demand.column_names == RAW.column_names
    assert watched.read == []
    assert on_demand["uri"].to_pylist() == on_demand.select(["uri"])["uri"].to_pylist() == ["u1", "u2", "u3", "u4"]
    assert watched.read == [(["uri"], 4)]
    assert on_demand.drop_columns(["batch"]).equals(RAW.drop_columns(["batch"]))


@pytest.mark.parametrize("kind", [lambda rows: rows, lambda rows: ColumnsOnDemand(Watched(rows, piece_rows=1))])
def test_of_a_table_or_of_one_on_demand_rows_are_found_and_counted_alike(kind: Callable[[pa.Table], Any]) -> None:
    found = pa.concat_tables(pieces_where(kind(RAW), ["uri", "sample_id"], pc.field("sample_id") != "b"))
    assert found.to_pydict() == {"uri": ["u1", "u2", "u4"], "sample_id": ["a", "a", "c"]}
    assert counted(kind(RAW), ["sample_id", "text"]) == {
        ("a", "knead the dough"): 1,
        ("a", "another place"): 1,
        ("b", None): 1,
        ("c", None): 1,
    }
    assert counted(kind(RAW), ["sample_id"]) == {("a",): 2, ("b",): 1, ("c",): 1}
    assert counted(kind(RAW.slice(0, 0)), ["sample_id"]) == {}


def test_rows_of_a_table_on_demand_are_counted_without_holding_them_all() -> None:
    watched = Watched(RAW, piece_rows=1)
    assert counted(ColumnsOnDemand(watched), ["sample_id"]).total() == 4
    assert watched.read == []
    assert watched.pieces == [(["sample_id"], 1)] * 4
