import pyarrow as pa
import pytest
from warehouse_corpus import FOLDER, ROWS

from data_engine.errors import SqlModelError
from data_engine.schemas import SCHEMAS
from data_engine.storage import TableStore
from data_engine.storage.mart_files import write_mart
from data_engine.warehouse import load_models, query


def test_a_mart_that_was_never_stored_is_computed_when_it_is_asked_for(store):
    models = load_models(FOLDER)

    found = query(store, "select count(*) as n from balance_by_level", models=models)

    assert found["n"][0].as_py() > 0
    assert query(store, "select * from stg_first_pass", models=models).num_rows == len(ROWS["first_pass"])
    with pytest.raises(SqlModelError, match="balance_by_level"):
        query(store, "select * from balance_by_level")


def test_a_mart_that_is_stored_is_read_as_it_is(tmp_path):
    store = TableStore(tmp_path, "shop")
    write_mart(store, "funnel", pa.table({"n": [7]}))

    assert query(store, "select n from funnel", models=load_models(FOLDER)).to_pylist() == [{"n": 7}]


READING = {
    "select 1 as x": 1,
    "with a as (select 1) select * from a": 1,
    "from labels": 3,
    "describe labels": 11,
    "summarize labels": 11,
    "explain select 1": 1,
    "values (1), (2)": 2,
    "select 1;": 1,
}


@pytest.mark.parametrize("sql", READING)
def test_reading_statements_run(store, sql):
    assert query(store, sql).num_rows == READING[sql]


def test_show_tables_lists_tables_marts_and_review_tables(empty_store):
    write_mart(empty_store, "my_mart", pa.table({"x": [1]}))

    names = query(empty_store, "show tables", review={"review_task": pa.table({"task_id": ["t"]})})["name"].to_pylist()

    assert sorted(names) == sorted([*SCHEMAS, "my_mart", "review_task"])


WRITING = {
    "insert into labels select * from labels": "INSERT",
    "create table x as select 1": "CREATE",
    "drop view labels": "DROP",
    "copy labels to 'out.csv'": "COPY",
    "attach 'x.db'": "ATTACH",
    "set threads = 1": "SET",
    "pragma database_list": "PRAGMA",
    "install httpfs": "LOAD",
    "delete from labels": "DELETE",
}


@pytest.mark.parametrize("sql", WRITING)
def test_anything_else_is_refused_by_its_kind(store, sql):
    with pytest.raises(SqlModelError, match=f"the query is a {WRITING[sql]} statement, but queries only read; use SEL"):
        query(store, sql)


@pytest.mark.parametrize("sql", ["", "-- nothing", "select 1; select 2"])
def test_a_query_is_exactly_one_statement(store, sql):
    with pytest.raises(SqlModelError, match=r"the query holds \d statements; run one at a time"):
        query(store, sql)
