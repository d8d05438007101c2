"""What a change makes stale: a note, a setting, a correction by hand, or what an earlier step wrote."""

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from small_project import SmallProject, notes_corpus, write_notes
from written_steps import NOON, keep_version, notes_runtime, write_step

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.sql_models import run_models, run_tests, sql_folder
from data_engine.runtime.staleness import is_stale, sql_models_are_stale, stale_steps
from data_engine.runtime.step_run import execute
from data_engine.runtime.versions import fingerprint, step_versions, versions_read
from data_engine.storage.mart_files import mart_path, write_mart
from data_engine.warehouse import load_models, load_tests


def _run_sql(runtime: CorpusRuntime, run_id: str = "run") -> None:
    models = load_models(sql_folder(runtime))
    list(run_models(runtime, models, run_id=run_id))
    run_tests(runtime, load_tests(sql_folder(runtime)), models, run_id=run_id)


def test_sql_models_are_stale_until_they_ran_after_every_step_and_their_tests_held(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    assert sql_models_are_stale(runtime)
    keep_version(store, "raw_index", "may", written_at=NOON)
    for path in (sql_folder(runtime) / "models" / "marts").glob("*.sql"):
        write_mart(store, path.stem, pa.table({"n": [1]}).replace_schema_metadata({"run_id": "r"}))
    ran = versions_read(step_versions(store))
    keep_version(store, "sql_models", written_at=NOON + timedelta(seconds=1), input_version=ran, run_id="r")
    # A run that was killed between models and tests leaves models that nobody tested.
    assert sql_models_are_stale(runtime)
    keep_version(store, "sql_tests", data_version="", input_version="of earlier models")
    assert sql_models_are_stale(runtime)
    keep_version(store, "sql_tests", data_version="funnel_only_shrinks", input_version=ran)
    assert sql_models_are_stale(runtime)
    keep_version(store, "sql_tests", data_version="", input_version=ran)
    assert not sql_models_are_stale(runtime)
    keep_version(store, "raw_index", "may", written_at=NOON + timedelta(seconds=2), data_version="d2")
    assert sql_models_are_stale(runtime)


def test_a_clock_that_was_set_back_hides_no_new_rows_from_the_sql_models(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    _run_sql(runtime)
    assert not sql_models_are_stale(runtime)
    keep_version(store, "raw_index", "may", written_at=NOON - timedelta(days=400))
    assert sql_models_are_stale(runtime)


@pytest.mark.parametrize("damage", ["gone", "cut", "older"])
def test_a_mart_that_is_not_the_last_one_makes_the_sql_models_stale(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    runtime = notes_runtime(tmp_path)
    _run_sql(runtime, "an earlier run")
    path = mart_path(runtime.store(), "funnel_stages")
    older = path.read_bytes()
    _run_sql(runtime)
    assert not sql_models_are_stale(runtime)
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(older if damage == "older" else older[:-9])
    assert sql_models_are_stale(runtime)
    assert "the marts funnel_stages are lost, damaged or older; the SQL models run again" in caplog.text


def test_a_raw_index_is_stale_when_its_own_file_or_its_settings_change(tmp_path: Path) -> None:
    for seed, batch in enumerate(("may", "june")):
        write_notes(tmp_path / "source", batch, 5, seed)
    runtime = notes_runtime(tmp_path)

    def stale(batch: str) -> bool:
        return is_stale(runtime, "raw_index", batch, versions=step_versions(runtime.store()))

    assert stale("may.jsonl")
    for batch in ("may.jsonl", "june.jsonl"):
        execute(runtime, "raw_index", batch, run_id="run")
    assert (stale("may.jsonl"), stale("june.jsonl")) == (False, False)
    write_notes(tmp_path / "source", "may", 6, 0)
    assert (stale("may.jsonl"), stale("june.jsonl")) == (True, False)
    runtime = notes_runtime(tmp_path, modality="image")
    assert stale("june.jsonl")


def test_a_step_is_stale_when_the_same_partition_of_its_input_has_other_rows(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    inputs = fingerprint({"raw_index/may": "d1"})
    keep_version(store, "raw_index", "may", data_version="d1")
    code = runtime.code_version("first_pass")
    keep_version(store, "first_pass", "may", input_version=inputs, code_version=code)
    assert not is_stale(runtime, "first_pass", "may", versions=step_versions(store))
    keep_version(store, "raw_index", "june", data_version="d2")
    assert not is_stale(runtime, "first_pass", "may", versions=step_versions(store))
    keep_version(store, "raw_index", "may", data_version="d2")
    assert is_stale(runtime, "first_pass", "may", versions=step_versions(store))


def test_a_drift_report_is_stale_once_there_is_a_tree_and_not_when_there_is_another(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    keep_version(store, "embeddings", "may")
    code = runtime.code_version("drift_report")
    without = fingerprint({"embeddings/may": "d1", "cluster_tree?": "False"})
    keep_version(store, "drift_report", "may", input_version=without, code_version=code)
    assert not is_stale(runtime, "drift_report", "may", versions=step_versions(store))
    write_step(store, "cluster_tree", [{"level": 1}])
    assert is_stale(runtime, "drift_report", "may", versions=step_versions(store))
    with_tree = fingerprint({"embeddings/may": "d1", "cluster_tree?": "True"})
    keep_version(store, "drift_report", "may", input_version=with_tree, code_version=code)
    write_step(store, "cluster_tree", [{"level": 1}, {"level": 2}])
    assert not is_stale(runtime, "drift_report", "may", versions=step_versions(store))


def test_after_a_run_nothing_is_stale_and_another_target_makes_stale_what_depends_on_it(
    finished: SmallProject,
) -> None:
    assert stale_steps(finished.load().runtime("notes")) == []
    finished.add(notes_corpus(Path("source"), subset={"target_size": 150}))
    # What reads the subset is stale once the subset is another one.
    assert stale_steps(finished.load().runtime("notes")) == ["balanced_subset", "quality_report"]
