"""Names that a corpus has in Dagster: asset keys, jobs and sensors, partitions.

What a step is, is in `runtime/plan.py`.
"""

import dagster as dg

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import JOBS, STEPS

#: What the names of the jobs, sensors, schedules, groups, partitions, pools and operations of a corpus end with.
_PURPOSES = (
    *JOBS,
    *(
        "accepted",
        "automation",
        "batches",
        "compare_batches",
        "daily",
        "drift",
        "drift_reports",
        "new_batches",
        "open_review",
    ),
    *(
        "open_review_batch",
        "review_batches",
        "review_closer",
        "review_notices",
        "review_opener",
        "sql",
        "sql_models",
        "sql_tests",
    ),
)


def asset_key(runtime: CorpusRuntime, *parts: str) -> dg.AssetKey:
    """The asset key `corpus/step`."""
    return dg.AssetKey([runtime.corpus.name, *parts])


def corpus_name(runtime: CorpusRuntime, purpose: str) -> str:
    """The name of a job, sensor or schedule of this corpus."""
    return f"{runtime.corpus.name}_{purpose}"


def tags_of(runtime: CorpusRuntime) -> dict[str, str]:
    """The tags of jobs, sensors and schedules of this corpus, by which the UI finds them."""
    return {"corpus": runtime.corpus.name}


def names_of(corpus: str) -> tuple[str, ...]:
    """Every name that a corpus of this name has in Dagster, its own first."""
    return (corpus, *(f"{corpus}_{purpose}" for purpose in _PURPOSES))


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
