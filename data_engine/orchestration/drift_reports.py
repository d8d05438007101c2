"""The drift reports of many batches in one run: what a new tree asks for, without a run per batch.

Every batch keeps a materialization, checks and a version of its own, as if its partition had been launched by itself.
"""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from pydantic import Field

from data_engine.errors import DataEngineError, GateClosed
from data_engine.orchestration import gates
from data_engine.orchestration.bench import Bench
from data_engine.orchestration.checks import shown
from data_engine.orchestration.steps.drift_report import report_on
from data_engine.orchestration.tables_io import Work

STEP = "drift_report"


def build_drift_reports_job(bench: Bench) -> dg.JobDefinition:
    """The job `<corpus>_drift_reports`."""

    class DriftReportsConfig(dg.Config):
        batches: list[str] = Field(description="Ingestion batches to report on, each of them embedded already.")

    @dg.op(name=bench.name("compare_batches"), description="Compare each of these batches with all others.")
    def compare_batches(context: dg.OpExecutionContext, config: DriftReportsConfig) -> Iterator[Any]:
        held: dict[str, str] = {}
        for batch in config.batches:
            try:
                yield from _report(bench, context.run_id, batch)
            except DataEngineError as error:
                held[batch] = str(error)
                context.log.error(f"{batch}: {error}")
        if held:
            raise GateClosed("; ".join(held.values()))
        yield dg.Output(None)

    @dg.job(name=bench.name("drift_reports"), description="Compare several batches with all others, in one run.")
    def drift_reports() -> None:
        compare_batches()

    return drift_reports


def config_for(bench: Bench, batches: list[str]) -> dict[str, object]:
    """The run configuration that names the batches."""
    return {"ops": {bench.name("compare_batches"): {"config": {"batches": batches}}}}


def _report(bench: Bench, run_id: str, batch: str) -> Iterator[dg.AssetMaterialization | dg.AssetCheckEvaluation]:
    """Write the report of one batch and check it; what Dagster is told of both are events of its partition."""
    key, store = bench.key(STEP), bench.store()
    result = report_on(Work(bench, STEP, batch, run_id, store), alarm_p=bench.corpus.drift.alarm_p)
    version = {"dagster/data_version": result.data_version.value} if result.data_version else {}
    yield dg.AssetMaterialization(key, partition=batch, metadata=result.metadata, tags=version)
    for found in gates.evaluate_and_keep(bench, store, STEP, batch, run_id=run_id):
        yield dg.AssetCheckEvaluation(key, partition=batch, **shown(found))
