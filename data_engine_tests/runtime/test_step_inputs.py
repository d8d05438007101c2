"""What a run of a step may read, and what of it becomes part of its input version."""

import logging
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from small_project import SmallProject
from written_steps import keep_version, notes_runtime, pass_checks, take_in, write_step

from data_engine.errors import ChecksFailed, InvalidInput
from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.plan import MADE_STEPS, STEPS, WRITTEN_BY, tables_read_by
from data_engine.runtime.step_inputs import StepInputs
from data_engine.runtime.step_run import StepRun

MAY = {"sample_id": "a", "uri": "a", "source_id": "1", "metadata": "{}"}
JUNE = {"sample_id": "b", "uri": "b", "source_id": "2", "metadata": "{}"}
UNREADABLE = {"sample_id": "c", "uri": "c", "metadata": "{}", "is_readable": False, "error": "NUL"}


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
    with pytest.raises(InvalidInput, match="'answers', which no step of the plan writes; these are: raw_index"):
        step_run.look_up("answers")


def test_settings_of_one_run_are_laid_over_those_of_the_corpus_and_held_to_their_bounds(notes: SmallProject) -> None:
    runtime = notes.load().runtime("notes")
    step_run = StepRun(runtime, "first_pass", "", "run", {"first_pass": {"rules": {"stop_words": 2}, "min_chars": 9}})
    assert step_run.corpus.first_pass.min_chars == 9
    assert step_run.corpus.first_pass.rules == {**runtime.corpus.first_pass.rules, "stop_words": 2}
    assert runtime.corpus.first_pass.min_chars == 8
    with pytest.raises(ValidationError, match="min_chars is 200000 but max_chars is 100000"):
        StepRun(runtime, "first_pass", "", "run", {"first_pass": {"min_chars": 200_000}})


def test_a_step_reads_its_own_partition_and_its_version_becomes_part_of_the_input_version(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    may = write_step(runtime.store(), "raw_index", [MAY], "may")
    write_step(runtime.store(), "raw_index", [JUNE], "june")
    inputs = StepInputs(runtime, "first_pass", "may", "run")
    assert inputs.read("raw_index", columns=["sample_id"]).to_pylist() == [{"sample_id": "a"}]
    assert inputs.inputs == {"raw_index/may": may.data_version}


def test_what_is_only_looked_up_is_no_part_of_the_input_version(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    write_step(runtime.store(), "raw_index", [MAY], "may")
    write_step(runtime.store(), "raw_index", [JUNE], "june")
    inputs = StepInputs(runtime, "embeddings", "may", "run")
    # Nothing is read of batches that the first pass has not judged yet.
    assert inputs.look_up("raw_index", columns=["uri"]).to_pylist() == []
    assert inputs.look_up("raw_index", columns=["uri"], batch="may").to_pylist() == [{"uri": "a"}]
    assert (inputs.exists("raw_index"), inputs.exists("first_pass")) == (True, False)
    assert (inputs.table_version("raw_index"), inputs.table_version("first_pass")) == (2, None)
    assert inputs.inputs == {}


def test_a_batch_that_its_checks_hold_back_is_not_read(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    write_step(runtime.store(), "raw_index", [MAY, UNREADABLE], "may")
    with pytest.raises(ChecksFailed, match="notes/raw_index of batch 'may' is held back by its checks"):
        StepInputs(runtime, "first_pass", "may", "run").read("raw_index")


def test_of_all_batches_those_held_back_are_left_out_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    runtime = notes_runtime(tmp_path)
    versions = {}
    for batch, values in (("may", [0.6, 0.8]), ("june", [3.0, 4.0])):
        kept = [{"sample_id": batch, "uri": batch, "verdict": "kept", "reason": "kept"}]
        write_step(runtime.store(), "raw_index", [{**MAY, "sample_id": batch, "uri": batch}], batch)
        write_step(runtime.store(), "first_pass", kept, batch)
        embedded = [{"sample_id": batch, "embedding": np.array(values, np.float32).tobytes(), "dim": 2}]
        versions[batch] = write_step(runtime.store(), "embeddings", embedded, batch).data_version
    inputs = StepInputs(runtime, "cluster_tree", "", "run")
    with caplog.at_level(logging.WARNING):
        read = inputs.read_accepted("embeddings", columns=["sample_id"])
    assert read.to_pylist() == [{"sample_id": "may", "batch": "may"}]
    assert inputs.inputs == {"embeddings/may": versions["may"]}
    (said,) = caplog.messages
    assert said.startswith("batch june of embeddings is left out: ")
    assert "every_norm_is_one" in said


def test_a_step_knows_its_own_last_version_and_that_of_every_other(tmp_path: Path) -> None:
    store = (runtime := notes_runtime(tmp_path)).store()
    inputs = StepInputs(runtime, "first_pass", "may", "run")
    assert inputs.last_version() is None
    raw, own = keep_version(store, "raw_index", "may"), keep_version(store, "first_pass", "may")
    keep_version(store, "first_pass", "june")
    assert inputs.last_version() == own
    assert inputs.all_versions()["raw_index", "may"] == raw


def test_a_release_pins_the_tables_it_stands_on_those_that_do_not_exist_included(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    write_step(runtime.store(), "raw_index", [MAY], "may")
    pinned = StepInputs(runtime, "release", "", "run").pinned_versions()
    assert pinned["raw_index"] == runtime.store().version("raw_index") == 1
    assert {name for name, version in pinned.items() if version is None} == set(pinned) - {"raw_index"}


def test_a_release_names_the_earlier_version_of_a_batch_whose_next_delivery_is_held_back(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    first = take_in(runtime, "may", [{"sample_id": "a"}])
    take_in(runtime, "june", [{"sample_id": "b"}])
    CheckGate(runtime, runtime.store(), "run").keep_accepted("raw_index", "may")
    pass_checks(runtime, write_step(runtime.store(), "raw_index", [UNREADABLE], "may"), passed=False)
    pinned = StepInputs(runtime, "release", "", "run").pinned_versions()
    assert pinned["raw_index"] == runtime.store().version("raw_index")
    assert {name: version for name, version in pinned.items() if "/" in name} == {
        "raw_index/may": first["raw_index"].table_version
    }


def test_rows_read_in_batches_are_those_of_the_partition_and_part_of_the_input_version(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    may = write_step(runtime.store(), "raw_index", [MAY], "may")
    write_step(runtime.store(), "raw_index", [JUNE], "june")
    inputs = StepInputs(runtime, "first_pass", "may", "run")
    assert [batch.to_pylist() for batch in inputs.read_batches("raw_index", ["uri"])] == [[{"uri": "a"}]]
    assert inputs.inputs == {"raw_index/may": may.data_version}
    looked_up = StepInputs(runtime, "embeddings", "may", "run")
    assert [batch.to_pylist() for batch in looked_up.look_up_batches("raw_index", ["uri"], batch="june")] == [
        [{"uri": "b"}]
    ]
    assert looked_up.inputs == {}
    with pytest.raises(InvalidInput, match="step embeddings reads labels"):
        looked_up.look_up_batches("labels", ["sample_id"], batch="may")
