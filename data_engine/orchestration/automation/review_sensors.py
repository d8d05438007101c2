"""The sensors of the review queue: one opens batches, one takes their answers over; no run ever waits for a person.

Why a batch is opened is in `runtime/review_rounds.py`, and the other sensors are in `sensors.py`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import dagster as dg

from data_engine.orchestration.names import asset_key, corpus_name, review_partitions, tags_of
from data_engine.runtime.amendments.class_changes import ask_again, follow_classes
from data_engine.runtime.amendments.third_opinions import ask_third_opinions
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.versions import fingerprint

if TYPE_CHECKING:
    from data_engine.review.queue_records import Change, QueueLoad


def review_opener(runtime: CorpusRuntime) -> dg.SensorDefinition:
    """The sensor `<corpus>_review_opener`."""

    @dg.sensor(
        name=corpus_name(runtime, "review_opener"),
        job_name=corpus_name(runtime, "open_review"),
        tags=tags_of(runtime),
        minimum_interval_seconds=20,
        description="Opens a review batch when the proposals are too uncertain, or when there are no answers yet. "
        "Tasks of a batch that nobody answers in time are asked first, and the next batch does not wait for them.",
    )
    def opener(_context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        from data_engine.runtime.review_rounds import expire_old_batches, why_open

        follow_classes(runtime)
        expire_old_batches(runtime)
        asked, n_third = ask_again(runtime), ask_third_opinions(runtime)
        cause, version = why_open(runtime)
        if version is None:
            if n_third:
                cause = f"one annotator more is asked about {n_third} samples whose answers leave their label in doubt"
            if asked is not None:
                cause = f"{asked[0]} is opened: {asked[1]} samples of removed classes are asked about again"
            return dg.SkipReason(cause)
        with runtime.queue() as queue:
            run_key = f"open:{queue.queue_id}:{version}"
        config = {"ops": {corpus_name(runtime, "open_review_batch"): {"config": {"cause": cause}}}}
        return dg.RunRequest(run_key=run_key, run_config=config)

    return opener


def review_closer(runtime: CorpusRuntime) -> dg.SensorDefinition:
    """The sensor `<corpus>_review_closer`."""

    @dg.sensor(
        name=corpus_name(runtime, "review_closer"),
        job_name=corpus_name(runtime, "answers"),
        tags=tags_of(runtime),
        minimum_interval_seconds=15,
        description="Takes over a review batch when it is answered or waits for too long, and again after a late "
        "correction or decision; observes how much waits in the queue.",
    )
    def closer(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        follow_classes(runtime)
        cursor, _, load_before = (context.cursor or "").partition("|")
        # Another queue counts its changes from 1 again, so a number alone says nothing of it.
        of_queue, _, seen = cursor.rpartition(":")
        with runtime.queue() as queue:
            queue_id, load = queue.queue_id, queue.load(runtime.corpus.name, now=queue.clock())
            changes = queue.changes(int(seen or 0) if of_queue in ("", queue_id) else 0)
            ready = {b.batch_id: b for b in queue.batches(runtime.corpus.name) if b.is_ready}
        load_now = fingerprint({name: str(value) for name, value in asdict(load).items()})
        if not changes and load_now == load_before:
            return dg.SkipReason("nothing has changed in the review queue")
        batches, cause = _to_take_over(runtime, changes, ready)
        keys = {b: f"close:{queue_id}:{b}:{ready[b].revision}{cause}" for b in batches}
        return dg.SensorResult(
            run_requests=[
                dg.RunRequest(partition_key=batch, run_key=key if ready[batch].is_answered else f"{key}:expired")
                for batch, key in keys.items()
            ],
            dynamic_partitions_requests=[review_partitions(runtime).build_add_request(batches)] if batches else [],
            skip_reason=None if batches else dg.SkipReason(_why_none(changes, load)),
            asset_events=[] if load_now == load_before else [_observed(runtime, load)],
            cursor=f"{queue_id}:{max((c.cursor for c in changes), default=int(seen or 0))}|{load_now}",
        )

    return closer


def _to_take_over(runtime: CorpusRuntime, changes: "Sequence[Change]", ready: Collection[str]) -> tuple[list[str], str]:
    """Batches that have changed and are to be taken over, and what of the cause their revision does not say."""
    other_classes = [c.cursor for c in changes if c.kind == "classes" and c.corpus == runtime.corpus.name]
    if other_classes:
        return sorted(ready), f":classes {max(other_classes)}"
    return sorted({change.batch_id for change in changes} & set(ready)), ""


def _why_none(changes: "Sequence[Change]", load: "QueueLoad") -> str:
    finished = "no review batch of this corpus was finished"
    return finished if changes else f"{finished}; {load.n_open} tasks are open, {load.n_leased} of them leased"


def _observed(runtime: CorpusRuntime, load: "QueueLoad") -> dg.AssetObservation:
    """How much waits in the queue, for the page of the asset `review_batches`."""
    metadata: Mapping[str, dg.MetadataValue] = {
        "open batches": dg.MetadataValue.int(load.n_batches),
        "open tasks": dg.MetadataValue.int(load.n_open),
        "leased tasks": dg.MetadataValue.int(load.n_leased),
        "people within the hour": dg.MetadataValue.int(load.n_people),
    }
    if load.oldest_at is not None:
        metadata = {**metadata, "oldest batch": dg.MetadataValue.timestamp(load.oldest_at)}
    return dg.AssetObservation(asset_key(runtime, "review_batches"), metadata=metadata)
