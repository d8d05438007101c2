"""Gates: what a step's blocking checks said of the very rows that the next step is about to read.

A blocking asset check gates only its own run. So every check result is also kept in the table `gates`, with the data
version it was given for, and every step asks there before it reads - also when somebody launches it by hand.
"""

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from data_engine.errors import ChecksFailed
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.schemas import GATES

if TYPE_CHECKING:
    from data_engine.quality import CheckResult
    from data_engine.runtime.versions import StepVersion
    from data_engine.storage import TableStore


def require_accepted(
    runtime: CorpusRuntime, store: "TableStore", step: str, batch: str, *, run_id: str
) -> "StepVersion":
    """The version of a partition whose blocking checks all hold.

    Raises: ChecksFailed when it does not exist yet or a blocking check does not hold, naming check and remedy.
    """
    opened, closed = _sort(runtime, store, step, run_id=run_id, only=batch)
    if batch in opened:
        return opened[batch]
    raise ChecksFailed(
        closed.get(batch) or f"{_called(runtime, step, batch)} does not exist yet; materialize it first, then this step"
    )


def accepted_batches(
    runtime: CorpusRuntime, store: "TableStore", step: str, *, run_id: str
) -> tuple[dict[str, "StepVersion"], dict[str, str]]:
    """The partitions of a step that are past their gates, and why each of the others is not."""
    return _sort(runtime, store, step, run_id=run_id)


def run_checks(
    runtime: CorpusRuntime, store: "TableStore", step: str, batch: str, *, run_id: str
) -> "list[CheckResult]":
    """Run the suite of a step on one partition and keep what it says in the table `gates`."""
    from data_engine.quality import evaluate
    from data_engine.runtime.check_inputs import facts_of
    from data_engine.runtime.versions import step_versions

    version = step_versions(store, step, batch).get((step, batch))
    if version is None:
        raise ChecksFailed(f"{_called(runtime, step, batch)} does not exist yet; materialize it before checking it")
    started = time.perf_counter()
    tables, facts = facts_of(runtime, store, step, batch)
    results = list(evaluate(step, tables, runtime.corpus, **facts))
    seconds = time.perf_counter() - started
    rows = [
        {
            "step": step,
            "batch": batch,
            "data_version": _judged(runtime, version),
            "check": result.name,
            "passed": result.passed,
            "is_blocking": result.is_blocking,
            "detail": result.detail,
            "n_offending": result.n_offending,
            "seconds": seconds,
            "run_id": run_id,
            "checked_at": datetime.now(UTC),
        }
        for result in results
    ]
    table = pa.Table.from_pylist(rows, schema=GATES)
    store.write("gates", table, partition={"step": step, "batch": batch}, run_id=run_id, code_version="1")
    return results


def _sort(
    runtime: CorpusRuntime, store: "TableStore", step: str, *, run_id: str, only: str | None = None
) -> tuple[dict[str, "StepVersion"], dict[str, str]]:
    from data_engine.runtime.versions import step_versions

    versions = {b: v for (_, b), v in step_versions(store, step, only).items()}
    named = {"step": step} if only is None else {"step": step, "batch": only}
    kept = store.read("gates", partition=named).to_pylist()
    opened: dict[str, StepVersion] = {}
    closed: dict[str, str] = {}
    for batch, version in versions.items():
        said = [row for row in kept if row["batch"] == batch and row["data_version"] == _judged(runtime, version)]
        if not said:
            results = run_checks(runtime, store, step, batch, run_id=run_id)
            said = [
                {"check": r.name, "passed": r.passed, "is_blocking": r.is_blocking, "detail": r.detail} for r in results
            ]
        failed = [row for row in said if row["is_blocking"] and not row["passed"]]
        if failed:
            reasons = "; ".join(f"{row['check']}: {row['detail']}" for row in failed)
            closed[batch] = (
                f"{_called(runtime, step, batch)} is held back by its checks ({reasons}); mend the cause and "
                f"materialize it again"
            )
        else:
            opened[batch] = version
    return opened, closed


def _judged(runtime: CorpusRuntime, version: "StepVersion") -> str:
    """The rows and the rules that a verdict was given for; when either changes, it is no longer one."""
    return f"{version.data_version}:{runtime.rules_version}"


def _called(runtime: CorpusRuntime, step: str, batch: str) -> str:
    return f"{runtime.corpus.name}/{step}" + (f" of batch {batch!r}" if batch else "")
