"""The drift reports of many batches in one run: what a new tree asks for, without a run per batch.

Every batch keeps a materialization, checks and a version of its own, as if its partition had been launched by itself.
"""

from collections.abc import Callable, Iterator
from typing import Any

import dagster as dg
from pydantic import Field

from data_engine.errors import ChecksFailed, DataEngineError
from data_engine.orchestration.checks import shown
from data_engine.orchestration.names import asset_key, corpus_name, tags_of
from data_engine.runtime import check_gate
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.step_run import StepResult, StepRun, execute

STEP = "drift_report"


#: Makes of a run and its result what Dagster is told of it.
Show = Callable[[StepRun, StepResult], dg.MaterializeResult]


def build_drift_reports_job(runtime: CorpusRuntime, show: Show) -> dg.JobDefinition:
    """The job `<corpus>_drift_reports`."""

    class DriftReportsConfig(dg.Config):
        batches: list[str] = Field(description="Ingestion batches to report on, each of them embedded already.")

    @dg.op(name=corpus_name(runtime, "compare_batches"), description="Compare each of these batches with all others.")
    def compare_batches(context: dg.OpExecutionContext, config: DriftReportsConfig) -> Iterator[Any]:
        held: dict[str, str] = {}
        for batch in config.batches:
            try:
                yield from _report(runtime, context.run_id, batch, show)
            except DataEngineError as error:
                held[batch] = str(error)
                context.log.error(f"{batch}: {error}")
        if held:
            raise ChecksFailed("; ".join(held.values()))
        yield dg.Output(None)

    @dg.job(
        name=corpus_name(runtime, "drift_reports"),
        tags=tags_of(runtime),
        description="Compare several batches with all others, in one run.",
    )
    def drift_reports() -> None:
        compare_batches()

    return drift_reports


def config_for(runtime: CorpusRuntime, batches: list[str]) -> dict[str, object]:
    """The run configuration that names the batches."""
    return {"ops": {corpus_name(runtime, "compare_batches"): {"config": {"batches": batches}}}}


def _report(
    runtime: CorpusRuntime, run_id: str, batch: str, show: Show
) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
    """Write the report of one batch and check it; both become Dagster events of its partition."""
    key, store = asset_key(runtime, STEP), runtime.store()
    step_run, result = execute(runtime, STEP, batch, run_id=run_id)
    version = {"dagster/data_version": result.data_version}
    yield dg.AssetMaterialization(key, partition=batch, metadata=show(step_run, result).metadata, tags=version)
    for found in check_gate.run_checks(runtime, store, STEP, batch, run_id=run_id):
        yield dg.AssetCheckEvaluation(key, partition=batch, **shown(found))
