"""Names that a corpus has in Dagster: asset keys, jobs and sensors, partitions.

What a step is, is in `runtime/plan.py`.
"""

import dagster as dg

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import STEPS


def asset_key(runtime: CorpusRuntime, *parts: str) -> dg.AssetKey:
    """The asset key `corpus/step`."""
    return dg.AssetKey([runtime.corpus.name, *parts])


def corpus_name(runtime: CorpusRuntime, purpose: str) -> str:
    """The name of a job, sensor or schedule of this corpus."""
    return f"{runtime.corpus.name}_{purpose}"


def batch_partitions(runtime: CorpusRuntime) -> dg.DynamicPartitionsDefinition:
    """The ingestion batches."""
    return dg.DynamicPartitionsDefinition(name=corpus_name(runtime, "batches"))


def review_partitions(runtime: CorpusRuntime) -> dg.DynamicPartitionsDefinition:
    """The answered review batches."""
    return dg.DynamicPartitionsDefinition(name=corpus_name(runtime, "review_batches"))


def partitions_of(runtime: CorpusRuntime, step: str) -> dg.DynamicPartitionsDefinition | None:
    """The partitions of a step, or None."""
    partition = STEPS[step].partition
    if not partition:
        return None
    return batch_partitions(runtime) if partition == "batch" else review_partitions(runtime)
