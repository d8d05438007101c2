from datetime import UTC, datetime, timedelta
from pathlib import Path

from written_steps import notes_runtime, pass_checks, take_in, write_step

from data_engine.review import NewTask
from data_engine.runtime.amendments.taken_batches import not_taken_over, taken_batches
from data_engine.runtime.review_rounds import why_open

_NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_answers_are_to_be_taken_over_once_their_batch_is_answered_or_waits_for_too_long(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    asked = {"corpus": "notes", "question": "?", "classes": ("baking", "sailing"), "cause": "test"}
    with runtime.queue() as queue:
        for number, name in enumerate(("one", "two", "three")):
            tasks = [NewTask(name, "query", "manual", {})]
            queue.open_batch(name, tasks=tasks, now=_NOW + timedelta(days=number), **asked)
        assert not_taken_over(runtime) == []
        lease = queue.next("ada", now=_NOW, batch="two")
        assert lease is not None
        queue.submit(lease.lease_id, "answer", label="baking", now=_NOW)
        queue.expire_batches("notes", opened_before=_NOW, now=_NOW)
    assert not_taken_over(runtime) == ["one", "two"]
    rows = [{"sample_id": "two", "purpose": "query", "label": "baking", "review_batch": "two"}]
    pass_checks(runtime, write_step(runtime.store(), "reviewed_labels", rows, "two"))
    assert (not_taken_over(runtime), taken_batches(runtime)) == (["one"], {"two"})


def test_a_hold_out_is_not_enlarged_while_answers_of_it_are_on_their_way(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path, subset={"target_size": 12})
    pass_checks(runtime, write_step(runtime.store(), "balanced_subset", [{"sample_id": i} for i in "abcd"]))
    taken = {"sample_id": "a", "purpose": "hold_out", "label": "baking", "review_batch": "notes-round-000"}
    take_in(runtime, "may", [{"sample_id": "a"}])
    pass_checks(runtime, write_step(runtime.store(), "reviewed_labels", [taken], "notes-round-000"))
    assert (why_open(runtime)[1] or "").startswith("hold-out:")
    with runtime.queue() as queue:
        tasks = [NewTask("b", "hold_out", "manual", {})]
        queue.open_batch(
            "notes-round-001",
            corpus="notes",
            question="?",
            classes=("baking", "other"),
            tasks=tasks,
            cause="c",
            now=_NOW,
        )
        queue.end_batch("notes-round-001", reason="over", now=_NOW)
    assert why_open(runtime) == ("the answers of notes-round-001 are taken over first", None)
