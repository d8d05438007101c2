"""Which review batches the tables have the answers of: until they have, the same samples would be asked about again."""

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.versions import step_versions


def taken_batches(runtime: CorpusRuntime) -> set[str]:
    """The review batches whose answers were taken out of a queue."""
    return {batch for _, batch in step_versions(runtime.store(), "reviewed_labels")}


def not_taken_over(runtime: CorpusRuntime) -> list[str]:
    """The review batches that are answered, or waited for too long, and whose answers are in no table yet."""
    with runtime.queue() as queue:
        ready = {batch.batch_id for batch in queue.batches(runtime.corpus.name) if batch.is_ready}
    return sorted(ready - taken_batches(runtime))


def batches_without_queue(runtime: CorpusRuntime) -> list[str]:
    """The review batches whose answers were taken out of another queue than the one of now."""
    with runtime.queue() as queue:
        there = {batch.batch_id for batch in queue.batches(runtime.corpus.name)}
    return sorted(taken_batches(runtime) - there)
