from dataclasses import replace
from pathlib import Path
from shutil import rmtree

from written_steps import notes_runtime, write_step

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.integrity.finding import CheckedCorpus
from data_engine.runtime.integrity.step_records import check_step_versions
from data_engine.runtime.step_run import write_version


def found(runtime: CorpusRuntime) -> list[tuple[str, str]]:
    return [(finding.where, finding.what) for finding in check_step_versions(CheckedCorpus(runtime))]


def test_tables_that_hold_what_step_versions_say_are_sound(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    write_step(runtime.store(), "raw_index", [{}], "may")
    write_step(runtime.store(), "labels", [{}, {}])
    assert found(runtime) == []


def test_lost_rows_lost_versions_and_versions_of_other_rows_are_named(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    store = runtime.store()
    version = write_step(store, "labels", [{}])
    write_version(store, replace(version, n_rows=7))
    assert found(runtime) == [("labels", "step_versions says 7 rows, its commit 1")]
    write_version(store, replace(version, data_version="d"))
    said = f"step_versions names the data version d, but its tables have {version.data_version}"
    assert found(runtime) == [("labels", said)]
    write_version(store, replace(version, table_version=0))
    assert "names version 0 of the table, but its newest rows are of version 1" in found(runtime)[0][1]
    rmtree(store.path("labels"))
    assert found(runtime)[0][1] == "step_versions says that 1 rows were written, but the table does not have them"


def test_rows_that_no_version_names_and_a_missing_further_table_are_named(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    write_step(runtime.store(), "raw_index", [{}], "may")
    rmtree(runtime.store().path("step_versions"))
    assert found(runtime) == [
        ("raw_index of may", "its rows have no row in step_versions: they were never finished, or that row is lost")
    ]
    write_step(runtime.store(), "cluster_tree", [])
    assert ("cluster_tree", "its table tree_assignments is missing") in found(runtime)
