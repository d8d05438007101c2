"""SQL models and tests of a project of its own as assets: a staging model, a mart on it, and a test that fails."""

from pathlib import Path

import dagster as dg
import pytest
from ticking import QUIET
from written_steps import notes_runtime, write_step

from data_engine.orchestration.sql_models import build_sql_models
from data_engine.runtime.corpus_runtime import CorpusRuntime

FILES = {
    "models/staging/stg_raw_index.sql": (
        "-- Every raw sample.\n-- grain: a raw sample\nselect * from {{ source('engine', 'raw_index') }}"
    ),
    "models/marts/batches.sql": (
        "-- Samples of a batch.\n-- grain: a batch\n"
        "select batch, count(*) as n from {{ ref('stg_raw_index') }} group by batch"
    ),
    "tests/no_batch_is_large.sql": "-- No batch has two samples.\nselect * from {{ ref('batches') }} where n > 1",
}


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    for name, sql in FILES.items():
        path = tmp_path / "dbt_like_sql" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql, "utf-8")
    made = notes_runtime(tmp_path)
    write_step(made.store(), "raw_index", [{"sample_id": "a", "uri": "a"}, {"sample_id": "b", "uri": "b"}], "may")
    return made


def test_models_are_assets_behind_what_they_read_and_tests_are_checks_on_the_first_that_they_name(
    runtime: CorpusRuntime,
) -> None:
    built = build_sql_models(runtime)
    specs = {spec.key.to_user_string(): spec for asset in built.assets for spec in asset.specs}
    assert {key: [dep.asset_key.to_user_string() for dep in spec.deps] for key, spec in specs.items()} == {
        "notes/staging/stg_raw_index": ["notes/raw_index"],
        "notes/marts/batches": ["notes/staging/stg_raw_index"],
    }
    assert specs["notes/marts/batches"].description == "Samples of a batch.\n\nOne row is a batch."
    assert specs["notes/marts/batches"].group_name == "notes_sql"
    (checks,) = built.checks
    assert {spec.key for spec in checks.check_specs} == {
        dg.AssetCheckKey(dg.AssetKey(["notes", "marts", "batches"]), "no_batch_is_large")
    }


def test_a_run_says_what_each_model_holds_and_where_its_columns_come_from_and_which_tests_fail(
    runtime: CorpusRuntime, instance: dg.DagsterInstance
) -> None:
    built = build_sql_models(runtime)
    job = dg.Definitions(
        built.assets, asset_checks=built.checks, jobs=[dg.define_asset_job("all", "*")]
    ).resolve_job_def("all")
    done = job.execute_in_process(instance=instance, raise_on_error=False, run_config=QUIET)
    events = {event.asset_key.path[-1]: event for event in done.get_asset_materialization_events()}
    materialization = events["batches"].step_materialization_data.materialization
    metadata = materialization.metadata
    assert metadata["dagster/row_count"].value == 1
    sources = metadata["columns come from"]
    assert isinstance(sources, dg.TableMetadataValue)
    assert [record.data for record in sources.records] == [
        {"column": "batch", "comes from": "stg_raw_index.batch"},
        {"column": "n", "comes from": "-"},
    ]
    (evaluation,) = done.get_asset_check_evaluations()
    assert not evaluation.passed
    assert evaluation.description == (
        "No batch has two samples. 1 row breaks it; no_batch_is_large.sql selects them, as does its check in the UI"
    )
