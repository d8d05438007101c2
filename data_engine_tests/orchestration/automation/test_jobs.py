from pathlib import Path

import dagster as dg
import pytest
from written_steps import notes_runtime

from data_engine.orchestration.automation.jobs import build_jobs
from data_engine.orchestration.pipeline import build_pipeline
from data_engine.runtime.plan import JOBS


@pytest.fixture
def built(tmp_path: Path) -> dg.Definitions:
    return build_pipeline(notes_runtime(tmp_path))


def test_jobs_have_the_names_and_sentences_of_the_plan(tmp_path: Path) -> None:
    jobs = {job.name: job.description for job in build_jobs(notes_runtime(tmp_path))}
    assert set(jobs) == {*(f"notes_{name}" for name in JOBS), "notes_open_review", "notes_verify"}
    assert jobs["notes_curate"] == "Group all samples and draw the balanced subset."


@pytest.mark.parametrize("job", JOBS)
def test_a_job_makes_its_steps_and_the_sql_models_only_where_it_publishes(built: dg.Definitions, job: str) -> None:
    layer = built.resolve_job_def(f"notes_{job}").asset_layer
    keys = {key.path[1] for key in layer.selected_asset_keys if len(key.path) == 2}
    assert keys == set(JOBS[job])
    has_models = any(len(key.path) == 3 for key in layer.selected_asset_keys)
    assert has_models == (job in ("publish", "refresh"))


def test_only_retraining_builds_a_new_tree_in_any_case(tmp_path: Path) -> None:
    configured = {
        job.name: job.config for job in build_jobs(notes_runtime(tmp_path)) if getattr(job, "config", None) is not None
    }
    assert configured == {"notes_retrain": {"ops": {"notes__cluster_tree": {"config": {"rebuild": True}}}}}
