from pathlib import Path

import pyarrow as pa

from data_engine.schemas import CHECK_RESULTS, LABELS, STEP_VERSIONS
from data_engine.storage.question_tables import QuestionTables, question_stores
from data_engine.storage.table_store import TableStore

_KINDS: dict[pa.DataType, object] = {pa.string(): "x", pa.bool_(): True, pa.float64(): 0.5, pa.int64(): 1}


def _rows(schema: pa.Schema, **values: object) -> pa.Table:
    """One row; what is not given is some value of the type."""
    row = {
        field.name: values.get(field.name, None if field.nullable else _KINDS.get(field.type, 0)) for field in schema
    }
    return pa.Table.from_pylist([row], schema=schema)


def _stores(folder: Path) -> tuple[TableStore, QuestionTables]:
    shared = TableStore(folder, "notes")
    return shared, QuestionTables(shared.folder / "questions", "size", shared, frozenset({"raw_index", "cluster_tree"}))


def _write(store: TableStore, name: str, rows: pa.Table, **partition: str) -> None:
    store.write(name, rows, partition=partition or None, run_id="run", code_version="1")


def test_a_question_has_its_own_tables_below_the_folder_of_the_corpus(tmp_path: Path) -> None:
    shared, size = _stores(tmp_path)
    _write(size, "labels", LABELS.empty_table())
    assert size.path("labels") == tmp_path / "notes" / "questions" / "size" / "tables" / "labels"
    assert (size.exists("labels"), shared.exists("labels")) == (True, False)
    assert size.path("raw_index") == shared.path("raw_index")
    assert [store.folder for store in question_stores(shared)] == [size.own.folder]


def test_what_is_said_of_a_shared_step_is_with_the_corpus_and_read_with_the_rest(tmp_path: Path) -> None:
    shared, size = _stores(tmp_path)
    for store, step in ((size, "cluster_tree"), (size, "labels")):
        _write(store, "check_results", _rows(CHECK_RESULTS, step=step, batch=""), step=step, batch="")
    assert shared.read("check_results")["step"].to_pylist() == ["cluster_tree"]
    assert size.own.read("check_results")["step"].to_pylist() == ["labels"]
    assert size.read("check_results")["step"].to_pylist() == ["cluster_tree", "labels"]
    assert size.read("check_results", partition={"step": "labels"}).num_rows == 1
    assert sorted(size.dataset("check_results").to_table()["step"].to_pylist()) == ["cluster_tree", "labels"]


def test_a_corpus_without_questions_has_no_stores_of_them(tmp_path: Path) -> None:
    shared = TableStore(tmp_path, "notes")
    _write(shared, "step_versions", _rows(STEP_VERSIONS, step="labels", batch=""), step="labels", batch="")
    assert question_stores(shared) == []
