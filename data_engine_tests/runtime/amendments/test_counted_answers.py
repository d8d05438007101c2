"""Which answers of a batch count: all of them as they were given, where no class ever changed."""

from datetime import UTC, datetime
from pathlib import Path

from written_steps import notes_runtime

from data_engine.review import NewTask
from data_engine.runtime.amendments.counted_answers import all_that_count, answers_that_count, inputs_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_answers_under_unchanged_classes_are_those_of_the_queue(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    with runtime.queue() as queue:
        queue.open_batch(
            "notes-round-000",
            corpus="notes",
            question="?",
            classes=runtime.corpus.class_names,
            tasks=[NewTask("a", "query", "manual")],
            cause="c",
            now=NOW,
        )
        lease = queue.next("ada", now=NOW)
        assert lease is not None
        queue.submit(lease.lease_id, "one", label="baking", now=NOW)
        (batch,) = queue.batches("notes")
        table, aside = answers_that_count(runtime, queue, batch.batch_id)
        assert table == queue.answers(batch.batch_id)
        assert aside == []
        assert all_that_count(runtime, queue).keys() == {batch.batch_id}
        assert inputs_of(runtime, queue, batch) == {"queue": queue.queue_id, "revision": "1"}
