"""The cause of a failed run as one sentence. Runs whose process was killed are in `orphaned_runs.py`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from data_engine import errors
from data_engine.errors import DataEngineError, NotEnoughData, StorageError
from data_engine.runtime.corpus_runtime import CorpusRuntime

if TYPE_CHECKING:
    from dagster_shared.error import SerializableErrorInfo


def why_failed(runtime: CorpusRuntime, result: dg.ExecuteInProcessResult) -> tuple[str, bool]:
    """The cause of a failed run as a sentence, and whether the engine refused it (failed checks, bad input).

    What could not be written, for example on a full disk, is nobody's refusal.

    Raises: KeyboardInterrupt where somebody interrupted it.
    """
    if any(error.cls_name in _INTERRUPTS for error in _errors(result)):
        raise KeyboardInterrupt
    checked = [row for row in runtime.store().read("check_results").to_pylist() if row["run_id"] == result.run_id]
    failed = [row for row in checked if row["is_blocking"] and not row["passed"]]
    if failed:
        return "; ".join(f"{row['check']}: {row['detail']}" for row in failed), True
    for event in result.all_events:
        if event.is_step_failure and event.step_failure_data.error is not None:
            error = event.step_failure_data.error
            # A named error says more than what it was raised from: a remedy, not only "no space left on device".
            while error.cls_name not in _NAMED_ERRORS and error.cause is not None:
                error = error.cause
            return _sentence(error.message), error.cls_name in _NAMED_ERRORS - {StorageError.__name__}
    return "the run failed; see it in the Dagster UI", False


def lacks_data(result: dg.ExecuteInProcessResult) -> bool:
    """Whether a step of a failed run had too little to work with, so that a later run may succeed."""
    return any(error.cls_name == NotEnoughData.__name__ for error in _errors(result))


def _errors(result: dg.ExecuteInProcessResult) -> "Iterator[SerializableErrorInfo]":
    """The errors of all failed steps, each with those that it was raised from."""
    for event in result.all_events:
        error = event.step_failure_data.error if event.is_step_failure else None
        while error is not None:
            yield error
            error = error.cause


def _sentence(message: str) -> str:
    """The message of an error in one line; of the engine's own errors without the name of their class."""
    line = " ".join(message.split())
    return line.partition(": ")[2] if line.startswith(f"{errors.__name__}.") else line


_INTERRUPTS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")

_NAMED_ERRORS = {
    name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, DataEngineError)
}
