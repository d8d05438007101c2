"""Check gate: which batches of a step passed its blocking checks, by the verdicts on the very rows that are read.

A blocking asset check holds back only its own run. So every result is also kept in the table `check_results`, with the
data version that it was given for, and every step asks here before it reads - also when somebody launches it by hand.
What the checks look at is in `check_inputs.py`; the threshold that proposals pass is a gate of `labeling`.
"""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.errors import ChecksFailed
from data_engine.runtime.check_inputs import CheckedStep, check_inputs_of
from data_engine.runtime.versions import StepVersion, step_versions
from data_engine.schemas import CHECK_RESULTS

if TYPE_CHECKING:
    from data_engine.quality import CheckResult
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.storage import TableStore


def require_accepted(
    runtime: "CorpusRuntime", store: "TableStore", step: str, batch: str, *, run_id: str
) -> StepVersion:
    """The version of a partition whose blocking checks all hold.

    Raises: ChecksFailed when it does not exist yet or a blocking check does not hold, naming check and remedy.
    """
    accepted, held = _sorted_out(runtime, store, step, run_id=run_id, only=batch)
    if batch in accepted:
        return accepted[batch]
    raise ChecksFailed(
        held.get(batch)
        or f"{_display_name(runtime, step, batch)} does not exist yet; materialize it first, then this step"
    )


def accepted_batches(
    runtime: "CorpusRuntime", store: "TableStore", step: str, *, run_id: str
) -> tuple[dict[str, StepVersion], dict[str, str]]:
    """The partitions of a step that passed its blocking checks, and why each of the others did not."""
    return _sorted_out(runtime, store, step, run_id=run_id)


def run_checks(
    runtime: "CorpusRuntime", store: "TableStore", step: str, batch: str, *, run_id: str
) -> "list[CheckResult]":
    """Run the suite of a step on one partition and keep the results in the table `check_results`.

    Raises: ChecksFailed when there is nothing to check yet.
    """
    from data_engine.quality import evaluate

    version = step_versions(store, step, batch).get((step, batch))
    if version is None:
        name = _display_name(runtime, step, batch)
        raise ChecksFailed(f"{name} does not exist yet; materialize it before checking it")
    started = time.perf_counter()

    def accepted(other: str) -> list[str]:
        return sorted(accepted_batches(runtime, store, other, run_id=run_id)[0])

    tables, values = check_inputs_of(step, CheckedStep(runtime, store, batch, {}, accepted))
    results = list(evaluate(step, tables, runtime.corpus, **values))
    kept = {
        "step": step,
        "batch": batch,
        "data_version": _verdict_key(runtime, version),
        "seconds": time.perf_counter() - started,
        "run_id": run_id,
        "checked_at": datetime.now(UTC),
    }
    table = pa.Table.from_pylist([{**kept, **_row(result)} for result in results], schema=CHECK_RESULTS)
    store.write("check_results", table, partition={"step": step, "batch": batch}, run_id=run_id, code_version="1")
    return results


def _row(result: "CheckResult") -> dict[str, Any]:
    return {
        "check": result.name,
        "passed": result.passed,
        "is_blocking": result.is_blocking,
        "detail": result.detail,
        "n_offending": result.n_offending,
    }


def _sorted_out(
    runtime: "CorpusRuntime", store: "TableStore", step: str, *, run_id: str, only: str | None = None
) -> tuple[dict[str, StepVersion], dict[str, str]]:
    versions = {batch: version for (_, batch), version in step_versions(store, step, only).items()}
    named = {"step": step} if only is None else {"step": step, "batch": only}
    kept = store.read("check_results", partition=named).to_pylist()
    accepted: dict[str, StepVersion] = {}
    held: dict[str, str] = {}
    for batch, version in versions.items():
        key = _verdict_key(runtime, version)
        rows = [row for row in kept if row["batch"] == batch and row["data_version"] == key]
        if not rows:
            rows = [_row(result) for result in run_checks(runtime, store, step, batch, run_id=run_id)]
        failed = [row for row in rows if row["is_blocking"] and not row["passed"]]
        if failed:
            reasons = "; ".join(f"{row['check']}: {row['detail']}" for row in failed)
            held[batch] = (
                f"{_display_name(runtime, step, batch)} is held back by its checks ({reasons}); mend the cause and "
                f"materialize it again"
            )
        else:
            accepted[batch] = version
    return accepted, held


def _verdict_key(runtime: "CorpusRuntime", version: StepVersion) -> str:
    """The rows and the rules that a verdict was given for; when either changes, it is no longer one."""
    return f"{version.data_version}:{runtime.rules_version}"


def _display_name(runtime: "CorpusRuntime", step: str, batch: str) -> str:
    return f"{runtime.corpus.name}/{step}" + (f" of batch {batch!r}" if batch else "")
