import os
import subprocess
import sys

import pyarrow as pa
import pytest
from warehouse_corpus import ROWS, at, write_corpus

from data_engine.errors import InvalidInput, SqlModelError, StorageError
from data_engine.schemas import SCHEMAS
from data_engine.warehouse import load_models, open_warehouse, query, run_models


def test_every_table_is_there_under_its_name_with_all_its_rows(store):
    counts = {name: query(store, f'select count(*) as n from "{name}"')["n"][0].as_py() for name in SCHEMAS}

    assert counts == {name: len(ROWS.get(name, [])) for name in SCHEMAS}


def test_the_empty_partition_is_the_empty_text(store):
    found = query(store, "select step, count(*) as n from ledger where batch = '' group by step")

    assert found.to_pylist() == [{"step": "release", "n": 3}]


def test_times_are_utc(store):
    found = query(store, "select min(arrived_at) as first from raw_index")

    assert found.schema.field("first").type == pa.timestamp("us", tz="UTC")
    assert found["first"][0].as_py() == at(1)


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
        SqlModelError,
        match=r"Table with name lables does not exist.*the tables are accepted_versions, ",
    ):
        query(store, "select * from lables")


def test_an_unknown_column_and_a_misspelt_word_are_errors_of_the_sql(store):
    with pytest.raises(SqlModelError, match='Referenced column "nope" not found'):
        query(store, "select nope from labels")
    with pytest.raises(SqlModelError, match=r'syntax error at or near "selec".*; the tables are accepted_'):
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
