"""The SQL models and tests of the engine on an almost empty corpus."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from written_steps import notes_runtime, write_step

from data_engine import warehouse
from data_engine.errors import SqlModelError
from data_engine.review import NewTask
from data_engine.runtime.sql_models import ask, models_of, run_models, run_tests, sql_folder, sql_tests_of
from data_engine.runtime.versions import step_versions

ENGINE = Path(__file__).resolve().parents[2] / "dbt_like_sql"


def test_a_project_without_models_of_its_own_has_those_of_the_engine(tmp_path: Path) -> None:
    assert sql_folder(notes_runtime(tmp_path)) == ENGINE
    (tmp_path / "dbt_like_sql").mkdir()
    assert sql_folder(notes_runtime(tmp_path)) == tmp_path / "dbt_like_sql"


def test_a_question_is_answered_from_tables_models_and_the_queue(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    write_step(runtime.store(), "raw_index", [{"sample_id": "a", "uri": "a"}, {"sample_id": "b", "uri": "b"}], "may")
    assert ask(runtime, "select count(*) as n from raw_index").to_pylist() == [{"n": 2}]
    assert ask(runtime, "select count(*) as n from stg_raw_index").to_pylist() == [{"n": 2}]
    assert ask(runtime, "select count(*) as n from review_task").to_pylist() == [{"n": 0}]
    with pytest.raises(SqlModelError):
        ask(runtime, "delete from raw_index")


def test_the_queue_in_sql_is_that_of_the_corpus_alone_and_says_so(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    with runtime.queue() as queue:
        for corpus in ("notes", "others"):
            task = NewTask(corpus, "query", "manual")
            queue.open_batch(corpus, corpus=corpus, question="?", classes="ab", tasks=[task], cause="c", now=now)
            lease = queue.next("ada", now=now, corpus=corpus)
            assert lease is not None
            queue.submit(lease.lease_id, corpus, label="a", now=now)
    for table in ("review_batch", "review_task", "review_annotation"):
        assert ask(runtime, f"select distinct corpus from {table}").to_pylist() == [{"corpus": "notes"}]
    assert ask(runtime, "select sample_id from review_annotation").to_pylist() == [{"sample_id": "notes"}]


def test_that_models_ran_is_kept_once_the_last_one_is_made(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    models = warehouse.load_models(sql_folder(runtime))
    results = run_models(runtime, models, run_id="run")
    next(results)
    assert step_versions(runtime.store(), "sql_models") == {}
    n_others = len(list(results))
    version = step_versions(runtime.store(), "sql_models")["sql_models", ""]
    assert (version.n_rows, version.run_id, version.data_version) == (len(models), "run", "")
    assert n_others == len(models) - 1


def test_which_tests_failed_is_kept_in_place_of_a_data_version(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    folder = sql_folder(runtime)
    models, tests = warehouse.load_models(folder), warehouse.load_tests(folder)
    list(run_models(runtime, models, run_id="run"))
    results = run_tests(runtime, tests, models, run_id="run")
    assert {name for name, result in results.items() if not result.passed} == set()
    assert step_versions(runtime.store(), "sql_tests")["sql_tests", ""].data_version == ""
    # The same content is kept twice, which no first pass does.
    for batch in ("may", "june"):
        rows = [{"sample_id": "a", "uri": batch, "verdict": "kept", "reason": "kept"}]
        write_step(runtime.store(), "first_pass", rows, batch)
    results = run_tests(runtime, tests, models, run_id="again")
    failed = [name for name, result in results.items() if not result.passed]
    assert "kept_ids_are_unique_across_batches" in failed
    version = step_versions(runtime.store(), "sql_tests")["sql_tests", ""]
    assert (version.data_version, version.n_rows, version.run_id) == (", ".join(failed), len(tests), "again")


def test_without_labels_the_models_and_tests_that_only_ask_about_labels_are_left_out(tmp_path: Path) -> None:
    asking, silent = notes_runtime(tmp_path), notes_runtime(tmp_path, labels=None, review={})
    assert models_of(asking) == warehouse.load_models(sql_folder(asking))
    assert sql_tests_of(asking) == warehouse.load_tests(sql_folder(asking))
    left_out = {model.name for model in models_of(asking)} - {model.name for model in models_of(silent)}
    assert {"int_latest_answers", "annotator_agreement", "batch_agreement", "label_quality_by_class"} <= left_out
    assert {"funnel_stages", "release_contents", "balance_by_level", "stg_release"}.isdisjoint(left_out)
    known = {model.name for model in models_of(silent)}
    assert all(set(model.refs) <= known for model in models_of(silent))
    assert all(set(test.refs) <= known for test in sql_tests_of(silent))
    names = {test.name for test in sql_tests_of(asking)} - {test.name for test in sql_tests_of(silent)}
    about_labels = ("labels_are_of_the_subset_or_from_people", "simulated_answers_are_marked")
    assert {*about_labels, "release_has_no_out_of_scope"} <= names
    assert "every_sample_has_one_verdict" not in names
