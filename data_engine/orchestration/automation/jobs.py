"""The jobs of a corpus: what a person launches, a sensor requests, a schedule repeats."""

from collections.abc import Sequence
from typing import Any

import dagster as dg

from data_engine.orchestration.automation.drift_reports import build_drift_reports_job
from data_engine.runtime.corpus_runtime import CorpusRuntime

#: The assets of each job, in order. `ingest` and `answers` run once per partition.
JOBS: dict[str, tuple[str, ...]] = {
    "ingest": ("raw_index", "first_pass", "embeddings", "drift_report"),
    "curate": ("cluster_tree", "balanced_subset"),
    "answers": ("reviewed_labels",),
    "learn": ("classifier", "proposals"),
    "publish": ("labels", "quality_report", "release"),
    "retrain": ("cluster_tree", "balanced_subset", "classifier", "proposals"),
    "refresh": ("cluster_tree", "balanced_subset", "classifier", "proposals", "labels", "quality_report", "release"),
}

_DESCRIPTIONS = {
    "ingest": "Read a batch, judge it, embed it, and compare it with what came before.",
    "curate": "Group all samples and draw the balanced subset.",
    "answers": "Take over the answers of a review batch.",
    "learn": "Train the classifier on all answers and propose labels.",
    "publish": "Decide the labels, report their quality, freeze a release.",
    "retrain": "Rebuild the tree and everything that learns from it, because a batch has drifted.",
    "refresh": "Bring every step after the embeddings up to date.",
}


def build_jobs(runtime: CorpusRuntime) -> Sequence[Any]:
    """All jobs of a corpus; the SQL models are refreshed with every publication."""
    jobs = [_asset_job(runtime, purpose, steps) for purpose, steps in JOBS.items()]
    return [*jobs, build_drift_reports_job(runtime), _open_review_job(runtime)]


def _asset_job(runtime: CorpusRuntime, purpose: str, steps: tuple[str, ...]) -> Any:
    selection: dg.AssetSelection = dg.AssetSelection.assets(*(runtime.key(step) for step in steps))
    if purpose in ("publish", "refresh"):
        selection |= dg.AssetSelection.groups(runtime.name("sql"))
    config = {"ops": {f"{runtime.corpus.name}__cluster_tree": {"config": {"rebuild": True}}}}
    return dg.define_asset_job(
        runtime.name(purpose),
        selection=selection,
        description=_DESCRIPTIONS[purpose],
        config=config if purpose == "retrain" else None,
    )


def _open_review_job(runtime: CorpusRuntime) -> dg.JobDefinition:
    class OpenReviewConfig(dg.Config):
        cause: str = "asked for by a person"

    @dg.op(name=runtime.name("open_review_batch"), description="Put the next round of questions into the review queue.")
    def open_review_batch(context: dg.OpExecutionContext, config: OpenReviewConfig) -> None:
        from data_engine.runtime.review_rounds import create_review_batch

        batch_id = create_review_batch(runtime, cause=config.cause)
        if batch_id is None:
            context.log.info("nothing is left to ask")
            return
        context.log_event(
            dg.AssetObservation(runtime.key("review_batches"), metadata={"batch": batch_id, "cause": config.cause})
        )

    @dg.job(name=runtime.name("open_review"), description="Open the next review batch.")
    def open_review() -> None:
        open_review_batch()

    return open_review
