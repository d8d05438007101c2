"""The steps of a corpus in order: read this first.

Each step is a file in `steps/`, named after its asset: the configuration that the Launchpad shows, and the asset
(inputs, one call into the domain, result). What its checks look at is in `facts.py`.
"""

import warnings

import dagster as dg

from data_engine.orchestration.automation.jobs import build_jobs
from data_engine.orchestration.automation.schedules import build_schedules
from data_engine.orchestration.automation.sensors import build_sensors
from data_engine.orchestration.checks import build_checks
from data_engine.orchestration.sql_models import build_sql_models
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.steps.balanced_subset import balanced_subset
from data_engine.runtime.steps.classifier import classifier
from data_engine.runtime.steps.cluster_tree import cluster_tree
from data_engine.runtime.steps.drift_report import drift_report
from data_engine.runtime.steps.embeddings import embeddings
from data_engine.runtime.steps.first_pass import first_pass
from data_engine.runtime.steps.labels import labels
from data_engine.runtime.steps.proposals import proposals
from data_engine.runtime.steps.quality_report import quality_report
from data_engine.runtime.steps.raw_index import raw_index
from data_engine.runtime.steps.release import release
from data_engine.runtime.steps.review_batches import review_batches
from data_engine.runtime.steps.reviewed_labels import reviewed_labels

STEPS = (
    raw_index,  #        what is there
    first_pass,  #       what is worth keeping, and why the rest is not
    embeddings,  #       what it means, as vectors
    drift_report,  #     whether a batch differs from what came before
    cluster_tree,  #     what belongs together, from fine to coarse
    balanced_subset,  #  a few of everything
    reviewed_labels,  #  what people answered
    classifier,  #       what a small model learnt from them
    proposals,  #        what it suggests, and whom to ask
    labels,  #           one label per sample, and who made it
    quality_report,  #   how good all of it is
    release,  #          a frozen, documented version
)


def build_pipeline(runtime: CorpusRuntime) -> dg.Definitions:
    """The asset graph of one corpus, with its checks, jobs, sensors and schedule."""
    with warnings.catch_warnings():
        # Partitioned asset checks are a preview feature of Dagster: the gates need them, see docs/decisions.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        warnings.simplefilter("ignore", dg.BetaWarning)
        sql_models = build_sql_models(runtime)
        return dg.Definitions(
            assets=[*(step(runtime) for step in STEPS), review_batches(runtime), *sql_models.assets],
            asset_checks=[*(build_checks(runtime, step.__name__) for step in STEPS), *sql_models.checks],
            jobs=build_jobs(runtime),
            sensors=build_sensors(runtime),
            schedules=build_schedules(runtime),
            executor=dg.in_process_executor,
        )
