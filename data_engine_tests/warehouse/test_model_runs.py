import pytest
from warehouse_corpus import FOLDER, write_corpus

from data_engine.errors import SqlModelError
from data_engine.warehouse import load_models, query, run_models

UNRUNNABLE = {
    "does not parse": "selec 1 from from",
    "is not one SELECT": "create table x as select 1",
    'Referenced column "nope" not found': "select nope from {{ ref('stg_labels') }}",
}


def _run(store, folder):
    return run_models(store, folder.load(), run_id="run-1")


@pytest.mark.parametrize("message", UNRUNNABLE)
def test_sql_that_cannot_run_names_its_file_and_leaves_every_earlier_mart(folder, empty_store, message):
    from data_engine.storage.mart_files import mart_dataset

    folder.add("stg_labels", "select * from {{ source('engine', 'labels') }}", layer="staging")
    good = folder.add("a_good", "select 1 as x")
    _run(empty_store, folder)
    path = folder.add("broken", UNRUNNABLE[message])
    good.write_text(good.read_text("utf-8").replace("1 as x", "2222 as x"), "utf-8")

    with pytest.raises(SqlModelError) as caught:
        _run(empty_store, folder)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert mart_dataset(empty_store, "a_good").to_table().to_pylist() == [{"x": 1}]


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
