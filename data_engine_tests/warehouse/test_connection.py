import os
import subprocess
import sys

import pyarrow as pa
import pytest
from warehouse_corpus import FOLDER, ROWS, at, write_corpus

from data_engine.errors import InvalidInput, SqlModelError, StorageError
from data_engine.schemas import SCHEMAS
from data_engine.storage import TableStore
from data_engine.storage.mart_files import write_mart
from data_engine.warehouse import load_models, open_warehouse, query, run_models


def test_every_table_is_there_under_its_name_with_all_its_rows(store):
    counts = {name: query(store, f'select count(*) as n from "{name}"')["n"][0].as_py() for name in SCHEMAS}

    assert counts == {name: len(ROWS.get(name, [])) for name in SCHEMAS}


def test_the_empty_partition_is_the_empty_text(store):
    found = query(store, "select step, count(*) as n from ledger where batch = '' group by step")

    assert found.to_pylist() == [{"step": "release", "n": 3}]


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


def test_times_are_utc(store):
    found = query(store, "select min(arrived_at) as first from raw_index")

    assert found.schema.field("first").type == pa.timestamp("us", tz="UTC")
    assert found["first"][0].as_py() == at(1)


READING = {
    "select 1 as x": 1,
    "with a as (select 1) select * from a": 1,
    "from labels": 3,
    "describe labels": 10,
    "summarize labels": 10,
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


FILES = (
    "select * from read_csv('/etc/passwd')",
    "select * from '/etc/passwd'",
    "select * from glob('/*')",
    "select * from read_text('/etc/passwd')",
    "explain analyze copy (select 1) to 'out.csv'",
)


@pytest.mark.parametrize("sql", FILES)
def test_no_query_reaches_a_file(store, sql, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SqlModelError, match="the query cannot run: "):
        query(store, sql)
    assert list(tmp_path.iterdir()) == []


def test_no_query_reaches_a_variable_of_python(store):
    secret = pa.table({"x": [1]})

    with pytest.raises(SqlModelError, match=r"the query cannot run: .*secret"):
        query(store, "select * from secret")
    assert secret.num_rows == 1


def test_an_unknown_table_is_answered_with_the_tables_there_are(store):
    with pytest.raises(
        SqlModelError, match=r"Table with name lables does not exist.*the tables are balanced_subset, check_results, cl"
    ):
        query(store, "select * from lables")


def test_an_unknown_column_and_a_misspelt_word_are_errors_of_the_sql(store):
    with pytest.raises(SqlModelError, match='Referenced column "nope" not found'):
        query(store, "select nope from labels")
    with pytest.raises(SqlModelError, match='syntax error at or near "selec"'):
        query(store, "selec 1")


def test_review_tables_join_with_the_tables_of_the_corpus(store):
    review = {"review_task": pa.table({"task_id": ["t1", "t2"], "priority": [3.0, 1.0]})}

    found = query(
        store,
        "select distinct priority from reviewed_labels join review_task using (task_id) where sample_id = 'f'",
        review=review,
    )

    assert found.to_pylist() == [{"priority": 1.0}]
    with pytest.raises(InvalidInput, match="review table 'labels' has the name of a table of the engine"):
        query(store, "select 1", review={"labels": review["review_task"]})


def test_a_model_may_read_the_review_queue(empty_store, tmp_path):
    path = tmp_path / "sql" / "models" / "staging" / "stg_tasks.sql"
    path.parent.mkdir(parents=True)
    path.write_text("-- A task.\n-- grain: a task\nselect task_id from {{ source('review', 'review_task') }}", "utf-8")
    models = load_models(tmp_path / "sql")

    (result,) = run_models(empty_store, models, run_id="r", review={"review_task": pa.table({"task_id": ["t"]})})

    assert result.lineage == {"task_id": [("review_task", "task_id")]}
    assert result.n_rows == 1
    with pytest.raises(SqlModelError, match="Table with name review_task does not exist"):
        run_models(empty_store, models, run_id="r")


def test_a_connection_stays_on_the_versions_that_it_was_opened_on(empty_store):
    write_corpus(empty_store)
    connection = open_warehouse(empty_store)
    write_corpus(empty_store, labels=[])

    assert connection.execute("select count(*) from labels").fetchall() == [(3,)]
    connection.close()
    assert query(empty_store, "select * from labels").num_rows == 0


def test_marts_are_replaced_by_the_next_run_and_say_which_run_made_them(empty_store):
    models = load_models(FOLDER)
    run_models(empty_store, models, run_id="run-1")
    write_corpus(empty_store)
    run_models(empty_store, models, run_id="run-2")

    assert query(empty_store, "select n_samples from funnel_stages where stage = 'raw'").to_pylist() == [
        {"n_samples": 12}
    ]
    from data_engine.storage.mart_files import mart_dataset

    assert mart_dataset(empty_store, "funnel").schema.metadata[b"run_id"] == b"run-2"


def test_a_table_that_lost_its_files_is_an_error_and_not_an_empty_table(empty_store):
    write_corpus(empty_store)
    for file in empty_store.path("labels").rglob("*.parquet"):
        file.unlink()

    with pytest.raises(StorageError, match=r"reading the stream registered as 'labels' failed: .*restore the file"):
        query(empty_store, "select * from labels")


def test_a_process_that_reads_ends_cleanly(store):
    code = f"""
from pathlib import Path
from data_engine.storage import TableStore
from data_engine.warehouse import query
store = TableStore(Path({os.fspath(store.root)!r}), "shop")
store.read("ledger")
print(query(store, "select count(*) as n from raw_index")["n"][0].as_py())
"""
    for _ in range(3):
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (found.returncode, found.stdout) == (0, "12\n"), found.stderr
