"""One run of one step: what it may read and write, without Dagster."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from schema_tables import table
from small_project import SmallProject
from written_steps import notes_runtime

from data_engine.errors import ChecksFailed, InvalidInput
from data_engine.runtime.step_run import StepResult, StepRun, execute
from data_engine.runtime.versions import step_versions
from data_engine.schemas import LABELS
from data_engine.storage.ledger import ledger_rows

RUNTIME = Path(__file__).resolve().parents[2] / "data_engine" / "runtime"


def test_no_step_goes_around_its_step_run_to_the_tables() -> None:
    texts = {path.name: path.read_text("utf-8") for path in (RUNTIME / "steps").glob("*.py")}
    assert [name for name, text in texts.items() if "_store" in text.replace("checked.store", "")] == []
    assert [name for name, text in texts.items() if ".store()" in text] == []


def test_a_step_writes_the_tables_that_the_plan_declares_and_no_others(notes: SmallProject) -> None:
    step_run = StepRun(notes.load().runtime("notes"), "labels", "", "run")
    with pytest.raises(InvalidInput, match=r"extra_tables \['proposals'\] but the plan declares \[\]"):
        step_run.finish(LABELS.empty_table(), extra_tables={"proposals": pa.table({})})
    with pytest.raises(InvalidInput, match=r"wrote the extra_tables \[\] but the plan declares \['tree_assignments'"):
        StepRun(notes.load().runtime("notes"), "cluster_tree", "", "run").finish(pa.table({}))


def test_a_batch_is_taken_in_without_dagster(notes: SmallProject) -> None:
    runtime = notes.load().runtime("notes")
    with pytest.raises(ChecksFailed, match=r"notes/raw_index of batch 'may.jsonl' does not exist yet"):
        execute(runtime, "first_pass", "may.jsonl", run_id="one")
    for step in ("raw_index", "first_pass", "embeddings"):
        _, result = execute(runtime, step, "may.jsonl", run_id="one")
        assert result.table.num_rows > 0
    versions = step_versions(runtime.store())
    assert set(versions) == {(step, "may.jsonl") for step in ("raw_index", "first_pass", "embeddings")}
    execute(runtime, "cluster_tree", run_id="two", flags={"rebuild": True})
    _, subset = execute(runtime, "balanced_subset", run_id="two", settings={"subset": {"target_size": 7}})
    assert subset.table.num_rows == 7


def test_rows_that_come_in_batches_are_written_with_their_ledger_and_read_again_when_asked_for(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    rows = table("drift_report", [{"batch": "may", "note": f"note {n}"} for n in range(50)])

    def ledger(some: pa.Table) -> pa.Table:
        return ledger_rows(some["note"], verdict="read", reason=some["note"])

    def finished(given: Any) -> StepResult:
        return StepRun(runtime, "drift_report", "may", "run").finish(given, ledger=ledger)

    at_once, in_pieces = finished(rows), finished(iter(rows.to_batches(max_chunksize=7)))
    assert in_pieces.data_version == at_once.data_version
    assert (in_pieces.rows.num_rows, at_once.rows.num_rows) == (50, 50)
    assert in_pieces.table.equals(rows)
    assert in_pieces.preview.to_pylist() == rows.slice(0, 7).to_pylist()
    decided = runtime.store().read("ledger", columns=["reason", "table_version", "step"]).to_pylist()
    assert [row["reason"] for row in decided] == [f"note {n}" for n in range(50)]
    assert {row["table_version"] for row in decided} == {in_pieces.table_version}
    nothing = finished(iter(()))
    assert (nothing.rows.num_rows, nothing.preview.num_rows, nothing.table.num_rows) == (0, 0, 0)


def test_a_step_whose_rows_break_off_writes_none_of_them(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)

    def broken() -> Iterator[pa.RecordBatch]:
        yield from table("drift_report", [{"batch": "may"}]).to_batches()
        raise ChecksFailed("no more rows")

    with pytest.raises(ChecksFailed, match="no more rows"):
        StepRun(runtime, "drift_report", "may", "run").finish(broken())
    assert runtime.store().read("drift_report").num_rows == 0
    assert step_versions(runtime.store()) == {}
