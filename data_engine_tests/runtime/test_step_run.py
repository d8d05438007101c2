"""One run of one step: what it may read and write, without Dagster."""

from pathlib import Path

import pyarrow as pa
import pytest
from small_project import SmallProject

from data_engine.errors import ChecksFailed, InvalidInput
from data_engine.runtime.step_run import StepRun, execute
from data_engine.runtime.versions import step_versions
from data_engine.schemas import LABELS

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
