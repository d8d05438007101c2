"""The cause of a failed run, of a job of one asset that fails in several ways."""

from pathlib import Path

import dagster as dg
import pytest
from ticking import QUIET
from written_steps import notes_runtime, write_step

from data_engine.errors import ConcurrentWrite, InvalidInput, NotEnoughData, SourceError, StorageError
from data_engine.orchestration.launch.failures import lacks_data, why_failed
from data_engine.runtime.check_gate import run_checks
from data_engine.runtime.corpus_runtime import CorpusRuntime


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    return notes_runtime(tmp_path)


def _failed(error: Exception, cause: Exception | None = None) -> dg.ExecuteInProcessResult:
    @dg.asset
    def broken() -> None:
        raise error from cause

    job = dg.Definitions([broken], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
    return job.execute_in_process(raise_on_error=False, run_config=QUIET)


def test_an_error_of_the_engine_is_its_own_sentence_without_its_class(runtime: CorpusRuntime) -> None:
    failed = _failed(InvalidInput("target_size is 9: lower it\n  to 7"))
    assert why_failed(runtime, failed) == ("target_size is 9: lower it to 7", True)


def test_the_named_error_counts_and_not_what_it_was_raised_from(runtime: CorpusRuntime) -> None:
    failed = _failed(SourceError("the server is down; try again"), OSError("connection refused"))
    assert why_failed(runtime, failed) == ("the server is down; try again", True)


def test_what_could_not_be_stored_is_no_refusal_of_the_batch(runtime: CorpusRuntime) -> None:
    failed = _failed(StorageError("the disk is full; free some space"), OSError("no space left on device"))
    assert why_failed(runtime, failed) == ("the disk is full; free some space", False)
    lost = _failed(ConcurrentWrite("run b wrote first; run this one again"))
    assert why_failed(runtime, lost) == ("run b wrote first; run this one again", True)


@pytest.mark.parametrize("error", [dg.DagsterExecutionInterruptedError("SIGINT"), RuntimeError("within a step")])
def test_an_interrupt_goes_on_up(runtime: CorpusRuntime, error: Exception) -> None:
    cause = None if isinstance(error, dg.DagsterExecutionInterruptedError) else dg.DagsterExecutionInterruptedError()
    with pytest.raises(KeyboardInterrupt):
        why_failed(runtime, _failed(error, cause))


def test_any_other_error_is_given_with_its_class_and_is_no_refusal(runtime: CorpusRuntime) -> None:
    assert why_failed(runtime, _failed(ZeroDivisionError("by zero"))) == ("ZeroDivisionError: by zero", False)
    failed = _failed(RuntimeError("outer"), InvalidInput("inner: mend it"))
    assert why_failed(runtime, failed) == ("inner: mend it", True)


def test_a_step_that_had_too_little_to_work_with_is_told_from_one_that_refused_its_input() -> None:
    assert lacks_data(_failed(NotEnoughData("3 objects, and 10 are needed: answer the next round")))
    assert not lacks_data(_failed(InvalidInput("target_size is 9: lower it to 7")))


def test_failed_blocking_checks_of_the_run_are_the_cause_and_those_of_another_run_are_not(
    runtime: CorpusRuntime,
) -> None:
    failed = _failed(InvalidInput("something else"))
    write_step(runtime.store(), "raw_index", [], "may")
    run_checks(runtime, runtime.store(), "raw_index", "may", run_id="another run")
    assert why_failed(runtime, failed) == ("something else", True)
    run_checks(runtime, runtime.store(), "raw_index", "may", run_id=failed.run_id)
    cause, is_refused = why_failed(runtime, failed)
    assert cause.startswith("has_samples: raw samples: 0, but a batch needs at least 1")
    assert is_refused
