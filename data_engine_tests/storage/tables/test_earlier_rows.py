"""Tables as an earlier version of the engine wrote them, read and written on."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from earlier_project import unpack_earlier_project

from data_engine.labeling.answers.registry import answer_kind
from data_engine.schemas import SCHEMAS, answer_text
from data_engine.storage import TableStore, data_version
from data_engine.warehouse import query

TABLES = ("proposals", "reviewed_labels", "labels")
WRITE = {"run_id": "run-9", "code_version": "code-9"}


@pytest.fixture
def store(tmp_path: Path) -> TableStore:
    unpack_earlier_project(tmp_path / "project", tmp_path / "data")
    return TableStore(tmp_path / "data", "notes")


def on_disk(store: TableStore, name: str) -> pa.Table:
    from deltalake import DeltaTable

    return DeltaTable(str(store.path(name))).to_pyarrow_table()


@pytest.mark.parametrize("name", TABLES)
def test_earlier_rows_are_answers_of_the_kind_class(store, name):
    assert "kind" not in on_disk(store, name).column_names
    table = store.read(name)
    assert table.schema.equals(SCHEMAS[name])
    assert table.num_rows == on_disk(store, name).num_rows > 0
    assert set(table["kind"].to_pylist()) == {"class"}
    kind = answer_kind("class")
    assert table["answer"].to_pylist() == [kind.from_label(label) for label in table["label"].to_pylist()]
    assert table.column("answer").null_count == 0


@pytest.mark.parametrize("name", TABLES)
def test_what_was_written_before_is_read_as_it_is(store, name):
    kept = [column for column in on_disk(store, name).column_names if column != "route"]
    before = {row[kept[0]]: row for row in on_disk(store, name).select(kept).to_pylist()}
    assert {row[kept[0]]: row for row in store.read(name, columns=kept).to_pylist()} == before


def test_what_the_gate_accepted_is_the_classifiers(store):
    before = on_disk(store, "proposals")["route"].to_pylist()
    assert {"accept", "person"} == set(before)
    table = store.read("proposals")
    renamed = {"accept": "classifier", "person": "person"}
    assert sorted(table["route"].to_pylist()) == sorted(renamed[name] for name in before)
    assert store.read("proposals", columns=["route"]).equals(table.select(["route"]))
    assert table["gate_lower_bound"].null_count == table.num_rows


def test_a_column_alone_a_filter_and_an_old_version_are_filled_too(store):
    table = store.read("labels")
    assert store.read("labels", columns=["answer"])["answer"].to_pylist() == table["answer"].to_pylist()
    some = pa.array([answer_text({"label": "baking"})])
    found = store.read("labels", columns=["label"], among={"answer": some})
    assert found.num_rows == table["label"].to_pylist().count("baking") > 0
    version = store.version("labels")
    store.write("labels", table.slice(0, 1), **WRITE)
    assert store.read("labels", version=version).equals(table)
    assert store.read("labels").num_rows == 1


def test_sql_sees_them_in_the_same_way(store):
    counts = query(store, "select kind, count(*) as n, count(answer) as n_answers from reviewed_labels group by kind")
    n = store.read("reviewed_labels").num_rows
    assert counts.to_pylist() == [{"kind": "class", "n": n, "n_answers": n}]


def test_a_partition_is_written_beside_earlier_ones(store):
    before = store.read("reviewed_labels")
    files = sorted(store.path("reviewed_labels").rglob("*.parquet"))
    place = before.schema.get_field_index("review_batch")
    new = before.slice(0, 3).set_column(place, before.schema.field(place), pa.array(["notes-round-007"] * 3))
    written = store.write("reviewed_labels", new, partition={"review_batch": "notes-round-007"}, **WRITE)
    assert written.data_version == data_version(new)
    assert store.read("reviewed_labels", partition={"review_batch": "notes-round-007"}).equals(new)
    assert store.read("reviewed_labels").equals(pa.concat_tables([before, new]))
    assert set(files) <= set(store.path("reviewed_labels").rglob("*.parquet")), "earlier files stay as they are"


def test_an_answer_that_is_no_class_can_be_written_beside_them(store):
    before = store.read("labels")
    place = before.schema.get_field_index("label")
    mask = before.set_column(place, before.schema.field(place), pa.nulls(before.num_rows, pa.string()))
    store.write("labels", mask, **WRITE)
    assert store.read("labels").equals(mask)


def test_of_two_that_write_at_once_both_partitions_stay(store):
    before = store.read("reviewed_labels")
    place = before.schema.get_field_index("review_batch")
    opened = store.open("reviewed_labels")
    for batch in ("x", "y"):
        rows = before.slice(0, 1).set_column(place, before.schema.field(place), pa.array([batch]))
        store.write("reviewed_labels", rows, partition={"review_batch": batch}, opened=opened, **WRITE)
    assert pc.count_distinct(store.read("reviewed_labels")["review_batch"]).as_py() == 3


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_today_is_not_looked_through(tmp_path, store, name):
    fresh = TableStore(tmp_path / "fresh", "notes")
    fresh.write(name, store.read(name), **WRITE)
    for file in fresh.path(name).rglob("*.parquet"):
        file.unlink()
    assert fresh.dataset(name).schema.names == SCHEMAS[name].names
