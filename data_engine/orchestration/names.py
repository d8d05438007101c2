"""Names that a corpus has in Dagster: asset keys, jobs and sensors, partitions.

What a step is, is in `runtime/plan.py`.
"""

from collections.abc import Iterable

import dagster as dg

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import JOBS, STEPS

#: What the names of the jobs, sensors, schedules, groups, partitions, pools and operations of a corpus end with.
_PURPOSES = (
    *JOBS,
    *(
        "accepted",
        "alarms",
        "automation",
        "batches",
        "compare_batches",
        "daily",
        "drift",
        "drift_reports",
        "mask_trainer",
        "new_batches",
        "open_review",
    ),
    *(
        "open_review_batch",
        "review_batches",
        "review_closer",
        "review_notices",
        "review_opener",
        "routes",
        "sql",
        "sql_models",
        "sql_tests",
        "train_mask_network",
        "train_masks",
        "verification",
        "verify",
        "verify_labels",
    ),
)


def asset_key(runtime: CorpusRuntime, *parts: str) -> dg.AssetKey:
    """The asset key `corpus/step`; of the labels of one of several questions, `corpus/question/step`."""
    owner = runtime.of_step(parts[0]) if parts[:1] and parts[0] in STEPS else runtime
    return dg.AssetKey([*owner.corpus.name.split("."), *parts])


def corpus_name(runtime: CorpusRuntime, purpose: str) -> str:
    """The name of a job, sensor or schedule of this corpus, or of this question."""
    return f"{group_name(runtime)}_{purpose}"


def group_name(runtime: CorpusRuntime) -> str:
    """The group of the assets of a corpus; of one of several questions `corpus__question`."""
    return runtime.corpus.name.replace(".", "__")


def tags_of(runtime: CorpusRuntime) -> dict[str, str]:
    """The tags of jobs, sensors and schedules of this corpus, by which the UI finds them."""
    of_question = {"question": runtime.question} if runtime.question else {}
    return {"corpus": runtime.corpus.name.partition(".")[0], **of_question}


def names_of(corpus: str, questions: Iterable[str] = ()) -> tuple[str, ...]:
    """Every name that a corpus of this name has in Dagster, its own first; those of several questions last."""
    own = (corpus, *(f"{corpus}_{purpose}" for purpose in _PURPOSES))
    return (*own, *(name for question in questions for name in names_of(f"{corpus}__{question}")))


def steps_read(runtime: CorpusRuntime, steps: Iterable[str]) -> list[tuple[CorpusRuntime, str]]:
    """Those of some steps that a corpus has, and those of each of its questions, with whose they are."""
    wanted = tuple(dict.fromkeys(steps))
    own = [(runtime, step) for step in wanted if step in runtime.steps]
    return own + [(each, step) for each in runtime.questions for step in wanted if STEPS[step].needs_labels]


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
    owner = runtime.of_step(step)
    return batch_partitions(owner) if partition == "batch" else review_partitions(owner)
