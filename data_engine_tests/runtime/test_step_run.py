"""One run of one step: what it may read and write, without Dagster."""

from pathlib import Path

import pyarrow as pa
import pytest
from pydantic import ValidationError
from small_project import SmallProject

from data_engine.errors import ChecksFailed, InvalidInput
from data_engine.runtime.plan import MADE_STEPS, STEPS, WRITTEN_BY, tables_read_by
from data_engine.runtime.step_run import StepRun, execute
from data_engine.runtime.versions import step_versions
from data_engine.schemas import LABELS

RUNTIME = Path(__file__).resolve().parents[2] / "data_engine" / "runtime"


@pytest.mark.parametrize("step", MADE_STEPS)
def test_a_table_that_the_plan_does_not_declare_is_refused_with_the_remedy(notes: SmallProject, step: str) -> None:
    step_run = StepRun(notes.load().runtime("notes"), step, "", "run")
    undeclared = sorted(set(WRITTEN_BY) - set(tables_read_by(step)))
    for table in undeclared:
        remedy = f"step {step} reads {table}, but runtime/plan.py does not declare that; add '{WRITTEN_BY[table]}'"
        with pytest.raises(InvalidInput, match=remedy):
            step_run.look_up(table)
        with pytest.raises(InvalidInput, match=remedy):
            step_run.scan(table)
    inputs = {table for name in STEPS[step].input_steps for table in STEPS[name].tables}
    for table in sorted(set(WRITTEN_BY) - inputs):
        with pytest.raises(InvalidInput, match=f"step {step} reads {table}, but .* to the inputs of {step}"):
            step_run.read(table)


def test_a_table_that_no_step_writes_is_answered_with_the_tables_there_are(notes: SmallProject) -> None:
    step_run = StepRun(notes.load().runtime("notes"), "labels", "", "run")
    with pytest.raises(InvalidInput, match="'answers', which no step of the plan writes; there are: raw_index"):
        step_run.look_up("answers")


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


def test_settings_of_one_run_are_laid_over_those_of_the_corpus_and_held_to_their_bounds(notes: SmallProject) -> None:
    runtime = notes.load().runtime("notes")
    step_run = StepRun(runtime, "first_pass", "", "run", {"first_pass": {"rules": {"stop_words": 2}, "min_chars": 9}})
    assert step_run.corpus.first_pass.min_chars == 9
    assert step_run.corpus.first_pass.rules == {**runtime.corpus.first_pass.rules, "stop_words": 2}
    assert runtime.corpus.first_pass.min_chars == 8
    with pytest.raises(ValidationError, match="min_chars is 200000 but max_chars is 100000"):
        StepRun(runtime, "first_pass", "", "run", {"first_pass": {"min_chars": 200_000}})
