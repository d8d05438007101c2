from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from written_steps import notes_runtime

from data_engine.errors import ChecksFailed
from data_engine.review import NewTask
from data_engine.runtime.check_gate import run_checks
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import execute

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    """Two tasks, of which ada has answered the first one."""
    made = notes_runtime(tmp_path)
    tasks = [
        NewTask(sample_id=sample_id, purpose="query", arm="manual", payload={}, priority=priority)
        for sample_id, priority in (("a", 2), ("b", 1))
    ]
    with made.queue() as queue:
        queue.open_batch(
            "one", corpus="notes", question="?", classes=["baking", "trains"], tasks=tasks, cause="c", now=NOW
        )
    _answer(made, "baking")
    return made


def _answer(runtime: CorpusRuntime, label: str) -> None:
    with runtime.queue() as queue:
        lease = queue.next("ada", now=NOW)
        assert lease is not None
        queue.submit(lease.lease_id, lease.lease_id, label=label, now=NOW + timedelta(seconds=5), active_s=5.0)


def test_a_batch_with_open_tasks_is_refused_with_their_number(runtime: CorpusRuntime) -> None:
    with pytest.raises(ChecksFailed, match="review batch 'one' has 1 of 2 tasks open; answer them, or close the batch"):
        execute(runtime, "reviewed_labels", "one", run_id="run")


def test_answers_become_rows_and_the_ledger_says_who_gave_them(runtime: CorpusRuntime) -> None:
    _answer(runtime, "trains")
    step_run, result = execute(runtime, "reviewed_labels", "one", run_id="run")
    answered = {row["sample_id"]: (row["label"], row["provenance"]) for row in result.table.to_pylist()}
    assert answered == {"a": ("baking", "human"), "b": ("trains", "human")}
    decided = {row["sample_id"]: (row["verdict"], row["reason"]) for row in runtime.store().read("ledger").to_pylist()}
    assert decided == {"a": ("answered", "ada baking (query)"), "b": ("answered", "ada trains (query)")}
    with runtime.queue() as queue:
        assert step_run.inputs == {"queue": queue.queue_id, "revision": "1"}
    assert result.metadata == {"tasks": 2, "undecided": 0, "simulated": 0, "revision": 1}


def test_what_a_reviewer_decides_late_is_taken_over_with_a_new_revision_and_the_ledger_names_the_reviewer(
    runtime: CorpusRuntime,
) -> None:
    _answer(runtime, "trains")
    execute(runtime, "reviewed_labels", "one", run_id="run")
    with runtime.queue() as queue:
        queue.decide("one", "a", "trains", by="eve", now=NOW + timedelta(hours=1))
    step_run, result = execute(runtime, "reviewed_labels", "one", run_id="run")
    (decision,) = (row for row in result.table.to_pylist() if row["provenance"] == "adjudicated")
    assert (decision["sample_id"], decision["label"], decision["annotator"]) == ("a", "trains", "eve")
    assert (step_run.inputs["revision"], result.metadata["revision"]) == ("2", 2)
    ledger = runtime.store().read("ledger").to_pylist()
    assert ("a", "eve trains (query)") in {(row["sample_id"], row["reason"]) for row in ledger}
    assert all(found.passed for found in run_checks(runtime, runtime.store(), "reviewed_labels", "one", run_id="r"))


def test_a_batch_that_was_ended_with_a_task_undecided_does_not_pass_its_checks(runtime: CorpusRuntime) -> None:
    with runtime.queue() as queue:
        queue.end_batch("one", reason="nobody has time", now=NOW)
    execute(runtime, "reviewed_labels", "one", run_id="run")
    results = {
        result.name: result for result in run_checks(runtime, runtime.store(), "reviewed_labels", "one", run_id="r")
    }
    assert not results["every_task_is_decided"].passed
    assert results["every_task_is_decided"].detail.startswith("tasks without a decision: 1")


@pytest.mark.parametrize("n_answers", [1, 2])
def test_a_batch_that_the_queue_lost_is_judged_by_what_was_counted_last(runtime: CorpusRuntime, n_answers: int) -> None:
    if n_answers == 2:
        _answer(runtime, "trains")
    else:
        with runtime.queue() as queue:
            queue.end_batch("one", reason="nobody has time", now=NOW)
    execute(runtime, "reviewed_labels", "one", run_id="run")
    run_checks(runtime, runtime.store(), "reviewed_labels", "one", run_id="r")
    for file in runtime.data_folder.glob("review.db*"):
        file.unlink()
    results = {r.name: r for r in run_checks(runtime, runtime.store(), "reviewed_labels", "one", run_id="r")}
    assert results["every_task_is_decided"].passed is (n_answers == 2)
    assert results["every_task_is_decided"].n_offending == 2 - n_answers
