from datetime import UTC, datetime, timedelta
from pathlib import Path

from written_steps import notes_runtime, pass_checks, take_in, write_step

from data_engine.review import NewTask, ReviewQueue
from data_engine.runtime.amendments.verification import open_verification
from data_engine.runtime.review_rounds import known_batches

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_automatic_labels_and_old_answers_are_asked_unseen_and_the_hold_out_is_not(tmp_path: Path) -> None:
    review = {"verification": {"share": 0.5, "again": 5, "again_after_weeks": 4}}
    runtime = notes_runtime(tmp_path, review=review)
    take_in(runtime, "may", [{"sample_id": f"s{n}", "text": f"note {n}", "is_readable": True} for n in range(9)])
    labels = [
        {"sample_id": f"s{n}", "label": "baking", "provenance": "model_auto" if n < 4 else "human"} for n in range(9)
    ]
    pass_checks(runtime, write_step(runtime.store(), "labels", labels))
    asked = {"corpus": "notes", "question": "?", "classes": ("baking", "trains"), "cause": "test"}
    with runtime.queue() as queue:
        for batch, days, first in (("old", 40, 4), ("new", 5, 7)):
            tasks = [NewTask(f"s{n}", "hold_out" if n == 4 else "query", "manual", {}) for n in range(first, first + 2)]
            queue.open_batch(batch, tasks=tasks, now=NOW - timedelta(days=days), **asked)
            rows = [{"sample_id": t.sample_id, "purpose": t.purpose, "arm": "manual", "label": "baking"} for t in tasks]
            pass_checks(runtime, write_step(runtime.store(), "reviewed_labels", rows, batch))
            while lease := queue.next("ada", now=NOW, batch=batch):
                queue.submit(lease.lease_id, lease.lease_id, label="baking", now=NOW)
    assert open_verification(runtime, now=NOW) == "notes-verified-001"
    with runtime.queue() as queue:
        found = [
            row
            for row in queue.tables("notes")["review_task"].to_pylist()
            if row["review_batch"] == "notes-verified-001"
        ]
        assert known_batches(runtime, queue) == {"old", "new"}
    assert [row["sample_id"] for row in found if row["purpose"] == "repeated"] == ["s5"]
    audits = [row for row in found if row["purpose"] == "audit"]
    assert len(audits) == 2
    assert {row["sample_id"] for row in audits} <= {"s0", "s1", "s2", "s3"}
    assert {(row["arm"], row["proposed_label"]) for row in audits} == {("blind", "baking")}
    assert {row["arm"] for row in found} == {"blind"}
    # What ada answered is asked of her alone, and once; the audits are anybody's.
    with runtime.queue() as queue:
        others, own = (_answered(queue, name) for name in ("bob", "ada"))
    assert others == sorted(row["sample_id"] for row in audits)
    assert own == sorted([*others, "s5"] if runtime.corpus.review.answers_per_task > 1 else ["s5"])


def _answered(queue: ReviewQueue, annotator: str) -> list[str]:
    found = []
    while lease := queue.next(annotator, now=NOW, batch="notes-verified-001"):
        queue.submit(lease.lease_id, lease.lease_id, label="baking", now=NOW)
        found.append(lease.task.sample_id)
    return sorted(found)


def test_without_labels_nothing_opens(tmp_path: Path) -> None:
    assert open_verification(notes_runtime(tmp_path), now=NOW) is None
