"""The Dagster graph of one corpus: its steps as assets, their checks, jobs, sensors and schedule.

Which steps there are, and everything about each, is in `runtime/plan.py`: read that first.
"""

import warnings

import dagster as dg

from data_engine.orchestration.automation.conditions import automation_sensor
from data_engine.orchestration.automation.drift_reports import build_drift_reports_job
from data_engine.orchestration.automation.jobs import build_jobs
from data_engine.orchestration.automation.schedules import build_schedules
from data_engine.orchestration.automation.sensors import build_sensors
from data_engine.orchestration.checks import build_checks
from data_engine.orchestration.sql_models import build_sql_models
from data_engine.orchestration.step import build_step
from data_engine.orchestration.ui.materialized import materialized
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import MADE_STEPS


def build_pipeline(runtime: CorpusRuntime) -> dg.Definitions:
    """The asset graph of one corpus, with its checks, jobs, sensors and schedule.

    Of several questions each has the steps of its labels for itself, as a group of assets.
    """
    with warnings.catch_warnings():
        # Partitioned asset checks are a preview feature of Dagster: the check gate needs them, see docs/decisions.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        sql_models = build_sql_models(runtime)
        steps = [(each, step) for each in (runtime, *runtime.questions) for step in each.own_steps]
        made = [(each, step) for each, step in steps if step in MADE_STEPS]
        return dg.Definitions(
            assets=[*(build_step(each, step, materialized) for each, step in steps), *sql_models.assets],
            asset_checks=[*(build_checks(each, step) for each, step in made), *sql_models.checks],
            jobs=[*build_jobs(runtime), build_drift_reports_job(runtime, materialized)],
            sensors=[*build_sensors(runtime), automation_sensor(runtime)],
            schedules=build_schedules(runtime),
            executor=dg.in_process_executor,
        )
