import subprocess
import sys
import time

import pytest
import yaml
from warehouse_corpus import FOLDER

from data_engine.errors import SqlModelError
from data_engine.schemas import SCHEMAS
from data_engine.warehouse import load_models, load_tests, run_models

MODELS = load_models(FOLDER)


def _run(store, folder):
    return run_models(store, folder.load(), run_id="run-1")


def test_models_come_after_what_they_refer_to(folder):
    folder.add("a_mart", "select * from {{ ref('z_view') }}")
    folder.add("z_view", "select * from {{ ref('stg_labels') }}", layer="intermediate")
    folder.add("stg_labels", "select * from {{ source('engine', 'labels') }}", layer="staging")

    staging, view, mart = folder.load()

    assert [m.name for m in (staging, view, mart)] == ["stg_labels", "z_view", "a_mart"]
    assert (mart.layer, mart.refs, mart.sources) == ("marts", ("z_view",), ())
    assert (staging.refs, staging.sources) == ((), ("labels",))
    assert (mart.description, mart.grain) == ("A row tells something.", "a row")
    assert mart.sql().endswith('select * from "z_view"')


def test_all_models_of_the_engine_load_in_order():
    seen = set()
    for model in MODELS:
        assert set(model.refs) <= seen
        seen.add(model.name)
    assert {m.name.removeprefix("stg_") for m in MODELS if m.layer == "staging"} == set(SCHEMAS)


def test_only_staging_reads_the_engines_tables():
    assert all((model.layer == "staging") == bool(model.sources) for model in MODELS)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_every_model_has_a_sentence_and_a_grain(model):
    assert model.description.endswith(".")
    assert model.grain
    assert model.name.startswith({"staging": "stg_", "intermediate": "int_", "marts": ""}[model.layer])


def test_a_second_load_is_the_same_object_until_a_file_changes(folder):
    path = folder.add("a_mart", "select 1 as x")
    assert folder.load() is folder.load()

    path.write_text("-- A row tells more.\n-- grain: a row\nselect 1 as longer", "utf-8")

    assert folder.load()[0].description == "A row tells more."


def test_loading_is_cheap_and_imports_no_engine():
    code = """
import sys, pathlib
from data_engine import warehouse
warehouse.load_models(pathlib.Path(sys.argv[1])); warehouse.load_tests(pathlib.Path(sys.argv[1]))
print(sorted({"duckdb", "sqlglot", "deltalake", "pandas"} & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", code, str(FOLDER)], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"

    started = time.perf_counter()
    for _ in range(20):
        load_models(FOLDER)
        load_tests(FOLDER)
    assert time.perf_counter() - started < 0.4


BROKEN = {
    "has broken Jinja": "select {{ ref('x' }}",
    "'nope' is undefined": "select {{ nope }}",
    "refers to 'nope', which is no model; the models are a_mart": "select * from {{ ref('nope') }}",
    "reads unknown table 'nope'; the tables are accepted_versions, ": "select * from {{ source('engine', 'nope') }}",
    "reads source group 'lake'; the groups are engine and review": "select * from {{ source('lake', 'labels') }}",
    "holds several statements; keep one SELECT per file": "select 1; select 2",
    "needs variable 'x', which has no value": "select {{ var('x') }}",
}


@pytest.mark.parametrize("message", BROKEN)
def test_a_broken_model_is_refused_at_load_with_its_file(folder, message):
    path = folder.add("a_mart", BROKEN[message])

    with pytest.raises(SqlModelError) as caught:
        folder.load()
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


HEADERS = {
    "does not begin with a comment": "",
    "does not say what one row is": "-- A row tells something.\n",
    "say in its first line what a row tells": "-- grain: a row\n",
}


@pytest.mark.parametrize("message", HEADERS)
def test_a_header_needs_a_sentence_and_a_grain(folder, message):
    folder.add("a_mart", "select 1 as x", header=HEADERS[message])

    with pytest.raises(SqlModelError, match=message):
        folder.load()


def test_a_semicolon_in_a_text_or_at_the_end_is_no_second_statement(folder, empty_store):
    folder.add("a_mart", "select 'a;b' as x -- one; only\n;")

    (result,) = _run(empty_store, folder)

    assert result.preview.to_pylist() == [{"x": "a;b"}]


def test_names_are_unique_and_layers_are_three(folder):
    first = folder.add("twice", "select 1 as x")
    folder.add("twice", "select 1 as x", layer="staging")
    with pytest.raises(SqlModelError, match="are both named 'twice'; rename one of them"):
        folder.load()
    first.unlink()
    folder.add("other", "select 1 as x", layer="gold")
    with pytest.raises(SqlModelError, match="is in folder 'gold'; move it into one of"):
        folder.load()


def test_a_name_must_be_usable(folder):
    folder.add("Two Words", "select 1 as x")
    with pytest.raises(SqlModelError, match="has no usable name; use lower-case letters"):
        folder.load()


def test_a_circle_is_refused_with_its_members(folder):
    folder.add("one", "select * from {{ ref('two') }}")
    folder.add("two", "select * from {{ ref('one') }}")

    with pytest.raises(
        SqlModelError, match=r"models refer to each other in a circle: (one <- two <- one|two <- one <- t)"
    ):
        folder.load()


def test_a_test_must_refer_to_a_model_that_there_is(folder):
    folder.add("a_mart", "select 1 as x")
    path = folder.add("lost", "select 1 where false", layer="tests")
    with pytest.raises(SqlModelError, match="refers to no model; select from at least one"):
        load_tests(folder.path)
    path.write_text("-- All is well.\nselect * from {{ ref('nope') }}", "utf-8")
    with pytest.raises(SqlModelError, match="refers to 'nope', which is no model"):
        load_tests(folder.path)


def test_a_folder_without_models_has_none(tmp_path):
    assert load_models(tmp_path) == ()
    assert load_tests(tmp_path) == ()


def test_the_files_that_dbt_reads_say_the_same_as_the_engine():
    project = yaml.safe_load((FOLDER / "dbt_project.yml").read_text("utf-8"))
    sources = yaml.safe_load((FOLDER / "models" / "sources.yml").read_text("utf-8"))

    assert project["models"][project["name"]] == {
        "staging": {"+materialized": "view"},
        "intermediate": {"+materialized": "view"},
        "marts": {"+materialized": "table"},
    }
    (engine,) = sources["sources"]
    assert engine["name"] == "engine"
    assert [table["name"] for table in engine["tables"]] == list(SCHEMAS)


def test_the_readme_names_every_mart_and_every_test():
    text = (FOLDER / "README.md").read_text("utf-8")

    marts = [model.name for model in MODELS if model.layer == "marts"]
    missing = [name for name in (*marts, *(test.name for test in load_tests(FOLDER))) if f"`{name}`" not in text]
    assert missing == []
