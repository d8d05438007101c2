"""The drift reports of many batches in one run: each batch for itself."""

import dagster as dg
from small_project import SmallProject

from data_engine.orchestration.automation.drift_reports import config_for
from data_engine.orchestration.names import asset_key
from data_engine.quality import CHECKS
from data_engine.runtime.versions import step_versions


def test_a_batch_without_embeddings_fails_the_run_by_name_and_the_other_batch_has_its_report(
    finished: SmallProject,
) -> None:
    project = finished.load()
    runtime = project.runtime("notes")
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with dg.DagsterInstance.get() as instance:
        result = project.definitions.resolve_job_def("notes_drift_reports").execute_in_process(
            instance=instance,
            run_config={**config_for(runtime, ["april.jsonl", "may.jsonl"]), **quiet},
            raise_on_error=False,
        )
    assert not result.success
    (failed,) = [event for event in result.all_events if event.is_step_failure]
    assert "embeddings of batch 'april.jsonl' does not exist yet" in str(failed.step_failure_data.error)
    reports = step_versions(runtime.store(), "drift_report")
    assert {batch for (_, batch), v in reports.items() if v.run_id == result.run_id} == {"may.jsonl"}
    made = [e for e in result.all_events if e.event_type_value == "ASSET_MATERIALIZATION"]
    assert [(e.asset_key, e.partition) for e in made] == [(asset_key(runtime, "drift_report"), "may.jsonl")]
    evaluations = [e for e in result.all_events if e.event_type_value == "ASSET_CHECK_EVALUATION"]
    checked = [e.asset_check_evaluation_data for e in evaluations]
    assert {(c.check_name, c.partition) for c in checked} == {(c.name, "may.jsonl") for c in CHECKS["drift_report"]}
