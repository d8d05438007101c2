"""The jobs of a corpus: what a person launches, a sensor requests, a schedule repeats.

The plan says which steps belong to a job.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from data_engine.orchestration.automation.mask_training import train_masks_job
from data_engine.orchestration.names import asset_key, corpus_name, group_name, tags_of
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import JOBS

_DESCRIPTIONS = {
    "ingest": "Read a batch, judge it, embed it, and compare it with the others.",
    "curate": "Group all samples and draw the balanced subset.",
    "answers": "Take over the answers of a review batch.",
    "learn": "Train the classifier on all answers and propose labels.",
    "publish": "Decide the labels, report their quality, freeze a release.",
    "retrain": "Rebuild the tree and everything that learns from it, because a batch has drifted.",
    "refresh": "Bring every step after the embeddings up to date.",
}


def build_jobs(runtime: CorpusRuntime) -> Sequence[Any]:
    """All jobs of a corpus; the SQL models are refreshed with every publication."""
    steps_of = {purpose: runtime.steps_of_job(purpose) for purpose in JOBS}
    jobs = [_asset_job(runtime, purpose, steps) for purpose, steps in steps_of.items() if steps]
    of_review = [_open_review_job(runtime), _verify_job(runtime)] if runtime.corpus.has_labels else []
    of_review += [train_masks_job(runtime)] if runtime.corpus.asks_for_objects else []
    return [*jobs, *of_review, *(job for question in runtime.questions for job in _jobs_of_question(question))]


def _jobs_of_question(question: CorpusRuntime) -> Sequence[Any]:
    """The jobs of one of several questions; those that bring everything up to date are jobs of the corpus."""
    jobs = [
        _asset_job(question, purpose, question.steps_of_job(purpose)) for purpose in ("answers", "learn", "publish")
    ]
    return [*jobs, _open_review_job(question), _verify_job(question)]


def _asset_job(runtime: CorpusRuntime, purpose: str, steps: tuple[str, ...]) -> Any:
    keys = [asset_key(runtime, step) for step in steps]
    keys += [asset_key(each, step) for each in runtime.questions for step in each.steps_of_job(purpose)]
    selection: dg.AssetSelection = dg.AssetSelection.assets(*keys)
    if purpose in ("publish", "refresh") and not runtime.question:
        selection |= dg.AssetSelection.groups(corpus_name(runtime, "sql"))
    config = {"ops": {f"{group_name(runtime)}__cluster_tree": {"config": {"rebuild": True}}}}
    return dg.define_asset_job(
        corpus_name(runtime, purpose),
        selection=selection,
        tags=tags_of(runtime),
        description=_DESCRIPTIONS.get(purpose) or f"Materialize {', '.join(steps)}.",
        config=config if purpose == "retrain" else None,
    )


def _open_review_job(runtime: CorpusRuntime) -> dg.JobDefinition:
    class OpenReviewConfig(dg.Config):
        cause: str = "asked for by a person"

    @dg.op(
        name=corpus_name(runtime, "open_review_batch"),
        description="Put the next round of questions into the review queue.",
    )
    def open_review_batch(context: dg.OpExecutionContext, config: OpenReviewConfig) -> None:
        from data_engine.runtime.review_rounds import create_review_batch
        from data_engine.runtime.simulation.simulated_answers import remarks_on_known_labels

        for remark in remarks_on_known_labels(runtime):
            context.log.warning(remark)
        batch_id = create_review_batch(runtime, cause=config.cause)
        if batch_id is None:
            context.log.info("nothing is left to ask")
            return
        context.log_event(
            dg.AssetObservation(
                asset_key(runtime, "review_batches"), metadata={"batch": batch_id, "cause": config.cause}
            )
        )

    @dg.job(name=corpus_name(runtime, "open_review"), tags=tags_of(runtime), description="Open the next review batch.")
    def open_review() -> None:
        open_review_batch()

    return open_review


def _verify_job(runtime: CorpusRuntime) -> dg.JobDefinition:
    @dg.op(
        name=corpus_name(runtime, "verify_labels"),
        description="Put automatic labels, and what people answered weeks ago, into the review queue again.",
    )
    def verify_labels(context: dg.OpExecutionContext) -> None:
        from data_engine.runtime.amendments.verification import open_verification

        batch_id = open_verification(runtime, now=datetime.now(UTC))
        if batch_id is None:
            context.log.info("there is no label to look at again")
            return
        context.log_event(dg.AssetObservation(asset_key(runtime, "review_batches"), metadata={"batch": batch_id}))

    @dg.job(
        name=corpus_name(runtime, "verify"),
        tags=tags_of(runtime),
        description="Open a review batch of labels to verify.",
    )
    def verify() -> None:
        verify_labels()

    return verify
