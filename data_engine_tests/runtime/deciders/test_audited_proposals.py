from datetime import UTC, datetime
from pathlib import Path

from written_steps import notes_runtime

from data_engine.review import NewTask
from data_engine.runtime.deciders.audited_proposals import audited_proposals


def test_of_audits_the_queue_knows_what_was_proposed_and_how_surely(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    name = runtime.corpus.class_names[0]
    tasks = [
        NewTask("a", "audit", "blind", {}, name, 0.75),
        NewTask("b", "audit", "blind", {}, name),
        NewTask("other", "audit", "blind", {}, name, 0.5),
        NewTask("q", "query", "blind", {}, name, 0.5),
    ]
    with runtime.queue() as queue:
        queue.open_batch(
            "notes-round-001", corpus="notes", question="?", classes=runtime.corpus.class_names, tasks=tasks,
            cause="test", answers_per_task=1, now=datetime(2026, 3, 1, tzinfo=UTC),
        )  # fmt: skip
    assert audited_proposals(runtime, {"a", "b", "q"}) == {"a": (name, 0.75), "b": (name, None)}
