"""Classes that are renamed, removed and added, in the YAML and in a file, and all of it undone."""

from collections import Counter

import pytest
from small_project import TOPICS, SmallProject

from data_engine.errors import DataEngineError

CLASSES = [*TOPICS, "other"]
RENAMED = ["bread", *CLASSES[1:]]


def _answers_in_queue(project: SmallProject) -> dict[str, str]:
    """The label of every answer as it was given, by its id."""
    with project.load().runtime("notes").queue() as queue:
        rows = queue.tables()["review_annotation"].to_pylist()
    return {row["annotation_id"]: row["label"] for row in rows}


def _released(project: SmallProject) -> Counter[str]:
    return Counter(project.load().runtime("notes").store().read("release", columns=["label"])["label"].to_pylist())


def _purposes(project: SmallProject, label: str) -> Counter[str]:
    rows = project.load().runtime("notes").store().read("reviewed_labels").to_pylist()
    return Counter(row["purpose"] for row in rows if row["label"] == label)


def _said(project: SmallProject) -> str:
    return " ".join(project.run("notes").split())


def test_a_renamed_class_takes_its_answers_along_and_gives_them_back(finished: SmallProject) -> None:
    release, given = finished.release("notes"), _answers_in_queue(finished)
    labels, purposes = _released(finished), _purposes(finished, "baking")
    n_given = Counter(given.values())["baking"]
    finished.change("notes", labels={"classes": RENAMED, "renamed": {"baking": "bread"}})
    assert f"class 'baking' is now 'bread': its {n_given} answers follow" in _said(finished)
    assert _answers_in_queue(finished) == given
    assert _released(finished) == {("bread" if name == "baking" else name): n for name, n in labels.items()}
    assert _purposes(finished, "bread") == purposes
    assert _purposes(finished, "baking") == {}
    assert "nothing new" in finished.run("notes")
    finished.change("notes", labels={"classes": CLASSES, "renamed": None})
    assert f"class 'bread' is now 'baking': its {n_given} answers follow" in _said(finished)
    assert finished.release("notes") == release
    assert _answers_in_queue(finished) == given
    assert "nothing new" in finished.run("notes")


def test_a_class_that_leaves_a_file_is_asked_about_again_and_counts_when_it_is_back(finished: SmallProject) -> None:
    release = finished.release("notes")
    file = finished.folder / finished.module / "defs" / "notes" / "classes.txt"
    file.write_text("\n".join(CLASSES), "utf-8")
    finished.change("notes", labels={"classes": "classes.txt"})
    finished.run("notes")
    assert finished.release("notes") == release
    given = _answers_in_queue(finished)
    n_given = Counter(given.values())["trains"]
    # A trap asks about a sample that was answered before.
    purposes = _purposes(finished, "trains")
    n_again = purposes.total() - purposes["trap"]
    assert n_given == purposes.total()
    file.write_text("\n".join(name for name in CLASSES if name != "trains"), "utf-8")
    said = _said(finished)
    assert f"class 'trains' is removed: its {n_given} answers are kept and count again when it is put back" in said
    assert f"notes-again-001 opened: {n_again} samples of removed classes to be asked about again" in said
    assert f"notes-again-001 answered: {n_again} answers" in said
    assert "trains" not in _released(finished)
    assert _answers_in_queue(finished).items() >= given.items()
    file.write_text("\n".join(CLASSES), "utf-8")
    assert f"class 'trains' is back: its {n_given} answers count again" in _said(finished)
    assert finished.release("notes") == release
    assert len(_answers_in_queue(finished)) == len(given) + n_again
    assert "nothing new" in finished.run("notes")


def test_an_added_class_can_be_chosen_at_once_in_an_open_round_and_goes_again(finished: SmallProject) -> None:
    from datetime import UTC, datetime

    from data_engine.runtime.amendments.class_changes import follow_classes

    release = finished.release("notes")
    finished.change("notes", labels={"rounds": 2}, review={"simulated": []})
    assert "notes-round-002" in finished.run("notes")
    finished.change("notes", labels={"classes": [*CLASSES, "poems"]})
    runtime = finished.load().runtime("notes")
    assert follow_classes(runtime) == ["class 'poems' is new: open review batches offer it"]
    with runtime.queue() as queue:
        lease = queue.next("ada", now=datetime.now(UTC), corpus="notes")
        assert lease is not None
        assert lease.task.classes == (*CLASSES, "poems")
        queue.submit(lease.lease_id, "one", label="poems", now=datetime.now(UTC))
    given = _answers_in_queue(finished)
    assert "poems" in given.values()
    finished.change("notes", labels={"classes": CLASSES})
    said = _said(finished)
    assert "class 'poems' is removed: its 1 answer is kept and counts again when it is put back" in said
    assert _answers_in_queue(finished) == given
    assert finished.release("notes") == release


@pytest.mark.parametrize(
    ("renamed", "why"),
    [
        ({"a": "b", "b": "baking"}, r"renamed has a chain: 'a' -> 'b' -> 'baking'; give each old name the last one"),
        ({"a": "b", "b": "a"}, r"renamed goes in a circle: 'a' -> 'b' -> 'a'"),
        ({"a": "bread"}, r"'a' is now 'bread', which is no class; add 'bread' to classes"),
        ({"trains": "baking"}, r"'trains' is now 'baking', but 'trains' is a class; remove one of the two"),
    ],
)
def test_a_rename_that_leads_nowhere_is_refused(notes: SmallProject, renamed: dict[str, str], why: str) -> None:
    notes.change("notes", labels={"renamed": renamed})
    with pytest.raises(DataEngineError, match=why):
        notes.run("notes")
