"""A daemon that ticks one sensor by hand, and tables as a step would leave them."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import pyarrow as pa
from class_rows import with_answers
from small_project import SmallProject
from written_steps import keep_version, pass_checks

from data_engine.orchestration.names import corpus_name
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.versions import fingerprint
from data_engine.schemas import SCHEMAS

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Ticking:
    """One sensor over several ticks: as Dagster's daemon does, it keeps the cursor, adds the partitions that are asked
    for, and launches a run key once."""

    def __init__(
        self, project: SmallProject, purpose: str, instance: dg.DagsterInstance, corpus: str = "notes"
    ) -> None:
        loaded = project.load()
        self.definitions, self.runtime = loaded.definitions, loaded.runtime(corpus)
        self.sensor = self.definitions.resolve_sensor_def(corpus_name(self.runtime, purpose))
        self.instance = instance
        self.cursor: str | None = None
        self.skipped: str | None = None
        self.observed: list[dict[str, Any]] = []
        self._run_keys: set[str | None] = set()

    def tick(self) -> list[dg.RunRequest]:
        """The runs that this tick launches; why it launches none is in `skipped`."""
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor, definitions=self.definitions)
        with context:
            said = self.sensor(context)
        if isinstance(said, dg.SkipReason | dg.RunRequest):
            is_skip = isinstance(said, dg.SkipReason)
            said = dg.SensorResult(**{"skip_reason" if is_skip else "run_requests": said if is_skip else [said]})
        assert isinstance(said, dg.SensorResult)
        self.cursor = said.cursor or self.cursor
        self.observed = [dict(each.metadata) for each in said.asset_events if isinstance(each, dg.AssetObservation)]
        self.skipped = said.skip_reason.skip_message if said.skip_reason else None
        for request in said.dynamic_partitions_requests or []:
            assert isinstance(request, dg.AddDynamicPartitionsRequest)
            self.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        new = [request for request in said.run_requests or [] if request.run_key not in self._run_keys]
        self._run_keys |= {request.run_key for request in new}
        return [self._resolved(request) if request.partition_key else request for request in new]

    def _resolved(self, request: dg.RunRequest) -> dg.RunRequest:
        """The request with the job's own configuration; fails when the job has no such partition."""
        job = self.definitions.resolve_job_def(self.sensor.job_name)
        return request.with_resolved_tags_and_config(job, [], dynamic_partitions_store=self.instance)

    def execute(self, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
        """Run what was requested, of the job that the sensor names."""
        job = self.definitions.resolve_job_def(self.sensor.job_name)
        return job.execute_in_process(
            instance=self.instance,
            partition_key=request.partition_key,
            asset_selection=request.asset_selection,
            run_config=request.run_config,
            tags=dict(request.tags),
            raise_on_error=False,
        )


def leave(
    runtime: CorpusRuntime, step: str, rows: Sequence[Mapping[str, Any]], *, version: str, batch: str = ""
) -> None:
    """Write a step's table and its version, as the step would, past its checks."""
    store = runtime.store()
    partition = {"batch": batch} if batch else None
    table = pa.Table.from_pylist(with_answers(step, rows), schema=SCHEMAS[step])
    written = store.write(step, table, partition=partition, run_id="run", code_version="1")
    kept = keep_version(
        store,
        step,
        batch,
        data_version=version,
        code_version=runtime.code_version(step),
        input_version=fingerprint({}),
        table_version=written.version,
        n_rows=len(rows),
    )
    pass_checks(runtime, kept)


def report_drift(
    runtime: CorpusRuntime, batch: str, *, content: str | None, is_alarm: bool, report: str = "report"
) -> None:
    """Leave a drift report, and the embeddings that it is about where their version is given."""
    row = {
        "batch": batch,
        "p_value": 0.002 if is_alarm else 0.5,
        "n_samples": 0,
        "n_reference": 0,
        "is_alarm": is_alarm,
        "sample_ids": [],
        "note": report,
    }
    leave(runtime, "drift_report", [row], version=report, batch=batch)
    if content is not None:
        leave(runtime, "embeddings", [], version=content, batch=batch)
