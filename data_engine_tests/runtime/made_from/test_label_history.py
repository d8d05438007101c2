from datetime import UTC, datetime
from pathlib import Path

from schema_tables import table
from written_steps import notes_runtime

from data_engine.review import NewTask
from data_engine.runtime.made_from.label_history import by_opening, label_history

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_times_and_audited_labels_come_from_the_queue_and_meanings_stay_as_first_seen(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    assert label_history(runtime, table("reviewed_labels", []), None).num_rows == 0
    with runtime.queue() as queue:
        tasks = [NewTask("s0", "audit", "blind", {}, "trains", 0.9)]
        asked = {"corpus": "notes", "question": "?", "classes": ("baking", "trains"), "cause": "c", "now": NOW}
        queue.open_batch("one", tasks=tasks, **asked)
        (task_id,) = queue.tables("notes")["review_task"]["task_id"].to_pylist()
    rows = [{"sample_id": "s0", "review_batch": "one", "task_id": task_id, "purpose": "audit", "label": "trains"}]
    reviewed = table("reviewed_labels", rows)
    found = label_history(runtime, reviewed, None)
    assert [(r["figure"], r["value"], r["opened_at"]) for r in found.to_pylist()] == [("verified", 1.0, NOW)]
    other = notes_runtime(tmp_path, review={"definitions": {"baking": "bread alone"}})
    again = label_history(other, reviewed, found)
    assert again["definitions"] == found["definitions"]
    assert label_history(other, reviewed, None)["definitions"] != found["definitions"]


def test_answers_are_in_the_order_in_which_their_batches_were_opened_whatever_these_are_called(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    names = ("notes-round-000", "notes-arriving-001", "2026 by hand")
    with runtime.queue() as queue:
        for hour, name in enumerate(names):
            asked = {"corpus": "notes", "question": "?", "classes": ("baking", "trains"), "cause": "c"}
            at = NOW.replace(hour=hour)
            queue.open_batch(name, tasks=[NewTask(f"s{hour}", "query", "manual", {})], now=at, **asked)
    rows = [{"sample_id": name, "review_batch": name, "annotation_id": name} for name in sorted((*names, "unknown"))]
    reviewed = by_opening(runtime, table("reviewed_labels", rows))
    assert reviewed["review_batch"].to_pylist() == ["unknown", *names]
