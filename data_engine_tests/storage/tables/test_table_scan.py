import pyarrow as pa
import pytest
from flipped_bits import flip_a_bit
from schema_tables import table

from data_engine.schemas import RAW_INDEX
from data_engine.storage.tables import table_scan
from data_engine.storage.tables.delta_commits import DeltaFolder
from data_engine.storage.tables.table_scan import all_of, dataset_of, pieces_of

ROWS = pa.table({"batch": ["may", "may", "june"], "n": ["1", "2", "1"]})


def test_a_filter_holds_where_every_column_does_and_no_condition_is_no_filter():
    assert all_of({}) is None
    assert ROWS.filter(all_of({"batch": "may"})).num_rows == 2
    assert ROWS.filter(all_of({"batch": "may", "n": "1"})).num_rows == 1
    assert ROWS.filter(all_of({"batch": "may"}, {"n": pa.array(["2", "3"])}))["n"].to_pylist() == ["2"]


def test_a_table_that_does_not_exist_has_no_rows_in_its_schema(tmp_path):
    found = dataset_of(DeltaFolder(tmp_path / "raw_index", RAW_INDEX, ("batch",)))
    assert found.to_table().num_rows == 0
    assert found.schema.names == RAW_INDEX.names


def test_partitions_come_in_the_order_of_their_values_and_rows_as_they_were_written(store):
    for batch, uris in (("may", "ba"), ("june", "dc")):
        rows = table("raw_index", [{"sample_id": uri, "uri": uri, "batch": batch} for uri in uris])
        store.write("raw_index", rows, partition={"batch": batch}, run_id="run", code_version="1")
    folder = DeltaFolder(store.path("raw_index"), RAW_INDEX, ("batch",))
    assert dataset_of(folder).to_table()["uri"].to_pylist() == ["d", "c", "b", "a"]
    assert dataset_of(folder, 1).to_table()["uri"].to_pylist() == ["b", "a"]


def test_pieces_hold_the_rows_of_one_partition_in_their_order_whatever_their_size(store, monkeypatch):
    uris = [f"{n:03}" for n in range(60)]
    for batch in ("may", "june"):
        rows = table("raw_index", [{"sample_id": uri, "uri": uri, "text": uri * 9, "batch": batch} for uri in uris])
        store.write("raw_index", rows, partition={"batch": batch}, run_id="run", code_version="1")
    for piece_bytes, n_pieces in ((1, 60), (1 << 20, 1)):
        monkeypatch.setattr(table_scan, "PIECE_BYTES", piece_bytes)
        pieces = list(pieces_of(store.dataset("raw_index"), {"batch": "june"}, ["text", "uri"]))
        assert len(pieces) == n_pieces
        assert pa.Table.from_batches(pieces)["uri"].to_pylist() == uris
        assert {tuple(piece.schema.names) for piece in pieces} == {("text", "uri")}
    assert list(pieces_of(store.dataset("first_pass"), {"batch": "may"}, ["uri"])) == []


@pytest.mark.parametrize("places", [None, lambda _: 40, lambda size: size - 30], ids=["gone", "page", "footer"])
def test_bookkeeping_that_cannot_be_read_counts_as_missing_and_is_said(store, caplog, places):
    for step in ("labels", "release"):
        rows = table("check_results", [{"step": step, "batch": "", "check": "every_leaf_is_filled"}])
        store.write("check_results", rows, partition={"step": step, "batch": ""}, run_id="r", code_version="1")
    (path,) = store.path("check_results").glob("step=labels/*/*.parquet")
    if places is None:
        path.unlink()
    else:
        flip_a_bit(path, places)

    assert store.read("check_results")["step"].to_pylist() == ["release"]
    assert f"{path} cannot be read" in caplog.text
    assert "what it held counts as missing and is made anew" in caplog.text
