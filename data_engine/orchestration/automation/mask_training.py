"""Training of networks for masks, where a corpus asks for objects: a job, and the sensor that requests it.

What is trained and compared is in `data_engine.runtime.models.mask_networks`.
"""

from datetime import UTC, datetime

import dagster as dg

from data_engine.orchestration.names import asset_key, corpus_name, tags_of
from data_engine.runtime.corpus_runtime import CorpusRuntime


def train_masks_job(runtime: CorpusRuntime) -> dg.JobDefinition:
    """The job `<corpus>_train_masks`; what it compared is metadata of the labels."""

    @dg.op(
        name=corpus_name(runtime, "train_mask_network"),
        description="Train a network for masks on the reviewed objects; it takes over where it is better.",
    )
    def train(context: dg.OpExecutionContext) -> None:
        from data_engine.runtime.models.mask_networks import train_mask_network

        takes_over, told = train_mask_network(runtime, now=datetime.now(UTC))
        context.log.info(told)
        metadata = {"compared": told, "takes over": str(takes_over)}
        context.log_event(dg.AssetObservation(asset_key(runtime, "labels"), metadata=metadata))

    @dg.job(
        name=corpus_name(runtime, "train_masks"),
        tags=tags_of(runtime),
        description="Train a network for masks, which takes over on the review page where it is better.",
    )
    def train_masks() -> None:
        train()

    return train_masks


def mask_trainer(runtime: CorpusRuntime) -> dg.SensorDefinition:
    """The sensor `<corpus>_mask_trainer`."""

    @dg.sensor(
        name=corpus_name(runtime, "mask_trainer"),
        job_name=corpus_name(runtime, "train_masks"),
        tags=tags_of(runtime),
        minimum_interval_seconds=120,
        description="Trains a network for masks once enough objects are reviewed, and again with a fifth more.",
    )
    def trainer(_context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        from data_engine.runtime.models.mask_networks import why_train

        cause, version = why_train(runtime)
        if version is None:
            return dg.SkipReason(cause)
        return dg.RunRequest(run_key=f"masks:{version}", tags={"cause": cause})

    return trainer
