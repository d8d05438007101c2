"""What a corpus says and asks when its classes change, without a run."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from written_steps import notes_runtime, pass_checks, take_in, write_step

from data_engine.review import NewTask
from data_engine.runtime.amendments.class_changes import ask_again, follow_classes
from data_engine.runtime.amendments.counted_answers import answers_that_count, inputs_of
from data_engine.runtime.corpus_runtime import CorpusRuntime

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CLASSES = ["baking", "trains", "other"]


def _runtime(folder: Path, classes: list[str], **labels: object) -> CorpusRuntime:
    return notes_runtime(
        folder, labels={"question": "?", "classes": classes, **labels}, review={}, known_label_column=None
    )


@pytest.fixture
def answered(tmp_path: Path) -> Path:
    """Samples a (hold-out) and b (query) are baking, c (query) is trains; a, b and c are chosen."""
    runtime = _runtime(tmp_path, CLASSES)
    _choose(runtime, "abc")
    tasks = [
        NewTask(name, purpose, "manual") for name, purpose in zip("abc", ("hold_out", "query", "query"), strict=True)
    ]
    with runtime.queue() as queue:
        queue.open_batch(
            "notes-round-000", corpus="notes", question="?", classes=CLASSES, tasks=tasks, cause="c", now=NOW
        )
        for _ in tasks:
            lease = queue.next("ada", now=NOW)
            assert lease is not None
            label = "trains" if lease.task.sample_id == "c" else "baking"
            queue.submit(lease.lease_id, lease.task.sample_id, label=label, now=NOW)
    return tmp_path


def _choose(runtime: CorpusRuntime, sample_ids: str) -> None:
    take_in(runtime, "may", [{"sample_id": name, "text": f"about {name}"} for name in sample_ids])
    pass_checks(runtime, write_step(runtime.store(), "balanced_subset", [{"sample_id": name} for name in sample_ids]))


def _inputs(runtime: CorpusRuntime) -> dict[str, dict[str, str]]:
    with runtime.queue() as queue:
        found = {batch.batch_id: inputs_of(runtime, queue, batch) for batch in queue.batches("notes")}
    return {name: {key: value for key, value in each.items() if key != "queue"} for name, each in found.items()}


def test_what_a_change_of_classes_does_is_said_once(answered: Path) -> None:
    renamed = _runtime(answered, ["bread", "trains", "other"], renamed={"baking": "bread"})
    assert follow_classes(renamed) == ["class 'baking' is now 'bread': its 2 answers follow"]
    assert follow_classes(renamed) == []
    assert follow_classes(_runtime(answered, CLASSES)) == ["class 'bread' is now 'baking': its 2 answers follow"]
    assert follow_classes(_runtime(answered, ["baking", "poems"])) == [
        "class 'trains' is removed: its 1 answer is kept and counts again when it is put back; those of its samples "
        "that are in the subset are asked about again",
        "class 'other' is removed; nobody had answered it",
        "class 'poems' is new: open review batches offer it",
    ]
    assert follow_classes(_runtime(answered, CLASSES)) == [
        "class 'poems' is removed; nobody had answered it",
        "class 'trains' is back: its 1 answer counts again",
        "class 'other' is new: open review batches offer it",
    ]


def test_answers_are_stale_only_where_a_name_changed_and_fresh_again_when_it_is_undone(answered: Path) -> None:
    assert _inputs(_runtime(answered, CLASSES)) == {"notes-round-000": {"revision": "1"}}
    added = _runtime(answered, [*CLASSES, "poems"])
    follow_classes(added)
    assert _inputs(added) == {"notes-round-000": {"revision": "1"}}
    removed = _runtime(answered, ["baking", "other"])
    follow_classes(removed)
    assert _inputs(removed)["notes-round-000"].keys() == {"revision", "classes"}
    with removed.queue() as queue:
        table, aside = answers_that_count(removed, queue, "notes-round-000")
    assert (table["label"].to_pylist(), [row["label"] for row in aside]) == (["baking", "baking"], ["trains"])
    follow_classes(_runtime(answered, CLASSES))
    assert _inputs(_runtime(answered, CLASSES)) == {"notes-round-000": {"revision": "1"}}


def test_samples_of_a_removed_class_are_asked_again_for_the_same_purpose_and_called_off_when_it_is_back(
    answered: Path,
) -> None:
    runtime = _runtime(answered, CLASSES)
    assert ask_again(runtime) is None
    removed = _runtime(answered, ["trains", "other"])
    follow_classes(removed)
    # Judged under the rules of now, as a run does it.
    _choose(removed, "abc")
    assert ask_again(removed) == ("notes-again-001", 2, 0)
    assert ask_again(removed) is None
    with removed.queue() as queue:
        tasks = [row for row in queue.tables("notes")["review_task"].to_pylist() if row["is_open"]]
        assert [(row["sample_id"], row["purpose"], row["arm"]) for row in tasks] == [
            ("a", "hold_out", "manual"),
            ("b", "query", "manual"),
        ]
        lease = queue.next("ada", now=NOW)
        assert lease is not None
        assert (lease.task.sample_id, lease.task.classes) == ("a", ("trains", "other"))
        assert lease.task.payload["text"] == "about a"
        queue.submit(lease.lease_id, "again", label="other", now=NOW)
    said = follow_classes(runtime)
    assert said[-1] == "1 open task that asked again is called off, because earlier answers count again"
    with runtime.queue() as queue:
        assert queue.open_tasks("notes") == 0
        table, aside = answers_that_count(runtime, queue, "notes-again-001")
        assert (table.num_rows, [row["label"] for row in aside]) == (0, ["other"])
    # Removed once more, the answer that was given then counts, and only the other sample is asked about.
    follow_classes(removed)
    with removed.queue() as queue:
        assert answers_that_count(removed, queue, "notes-again-001")[0]["label"].to_pylist() == ["other"]
    assert ask_again(removed) == ("notes-again-002", 1, 0)


def test_samples_of_a_removed_class_that_the_subset_lacks_are_counted_and_not_asked(answered: Path) -> None:
    removed = _runtime(answered, ["trains", "other"])
    follow_classes(removed)
    _choose(removed, "a")
    assert ask_again(removed) == ("notes-again-001", 1, 1)
