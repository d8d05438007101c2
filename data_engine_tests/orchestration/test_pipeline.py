from pathlib import Path

import dagster as dg
import pytest
from written_steps import notes_runtime

from data_engine.orchestration.pipeline import build_pipeline
from data_engine.quality import CHECKS
from data_engine.runtime.plan import JOBS, STEPS


@pytest.fixture
def built(tmp_path: Path) -> dg.Definitions:
    return build_pipeline(notes_runtime(tmp_path))


def test_every_step_is_an_asset_of_the_corpus_and_every_check_is_on_its_step(built: dg.Definitions) -> None:
    graph = built.resolve_asset_graph()
    keys = {key.path[1] for key in graph.get_all_asset_keys() if len(key.path) == 2 and key.path[0] == "notes"}
    assert keys == set(STEPS)
    checks = {(key.asset_key.path[-1], key.name) for key in graph.asset_check_keys if len(key.asset_key.path) == 2}
    assert checks == {(step, check.name) for step, checks in CHECKS.items() for check in checks}


def test_there_is_a_job_for_every_job_of_the_plan_and_one_that_opens_a_review_batch(built: dg.Definitions) -> None:
    names = {job.name for job in built.resolve_all_job_defs() if not job.name.startswith("__")}
    assert {f"notes_{job}" for job in JOBS} | {"notes_open_review"} <= names
