"""Classes of a queue that change: names, open proposals, and which answers count."""

import json
from datetime import UTC, datetime

import pytest

from data_engine.labeling.answers.object_forms import classes_in
from data_engine.review import NewTask
from data_engine.review.class_names import Renames, is_again, that_count
from data_engine.review.queue_records import is_of_kind, is_round, next_batch_id

NOW = datetime(2024, 5, 1, 13, tzinfo=UTC)
BEFORE = ("mit", "bsd", "gpl")


@pytest.fixture
def asked(queue, open_batch):
    """A batch with the classes of before: s0 is answered, s1 proposes mit and is open."""
    tasks = [
        NewTask("s0", "query", "manual"),
        NewTask("s1", "query", "proposed", proposed_label="mit", probability=0.5),
    ]
    open_batch(classes=BEFORE, tasks=tasks)
    queue.submit(queue.next("ada", now=NOW).lease_id, "one", label="mit", now=NOW)
    return queue


def _follow(queue, classes, renamed=None):
    return queue.follow_classes("licences", classes, renamed or {}, now=NOW)


def _counted(queue, classes):
    found = that_count({"b1": queue.answers("b1")}, "licences", classes, queue.renames("licences"))["b1"]
    return found[0]["label"].to_pylist(), [row["label"] for row in found[1]]


def test_nothing_changes_where_the_classes_are_those_of_before_or_there_is_no_batch(asked):
    assert _follow(asked, BEFORE) is None
    assert asked.follow_classes("nobody", ("a", "b"), {}, now=NOW) is None
    assert [change.kind for change in asked.changes()] == ["opened"]


def test_a_rename_reaches_the_open_task_and_goes_back(asked):
    change = _follow(asked, ("expat", "bsd", "gpl"), {"mit": "expat"})
    assert (change.before, change.now) == (BEFORE, ("expat", "bsd", "gpl"))
    task = asked.next("ada", now=NOW).task
    assert (task.classes, task.proposed_label, task.proposed_answer) == (change.now, "expat", '{"label":"expat"}')
    assert _counted(asked, change.now) == (["expat"], [])
    kept = asked.submit(asked.next("ada", now=NOW).lease_id, "two", label="expat", now=NOW)
    assert kept.revision == 1
    _follow(asked, BEFORE)
    # What was answered under the new name has the old one too.
    assert _counted(asked, BEFORE) == (["mit", "mit"], [])
    assert asked.answers("b1")["label"].to_pylist().count("mit") == 1
    assert asked.answers("b1")["provenance"].to_pylist().count("model_accepted") == 1


def test_a_removed_class_is_not_proposed_and_its_answers_are_kept_aside(asked):
    _follow(asked, ("bsd", "gpl"))
    lease = asked.next("ada", now=NOW)
    assert (lease.task.classes, lease.task.proposed_label, lease.task.proposed_answer) == (("bsd", "gpl"), None, None)
    asked.submit(lease.lease_id, "two", label="bsd", now=NOW)
    assert _counted(asked, ("bsd", "gpl")) == (["bsd"], ["mit"])
    assert sorted(asked.answers("b1")["provenance"].to_pylist()) == ["human", "human"]
    _follow(asked, BEFORE)
    assert _counted(asked, BEFORE)[1] == []


def test_a_class_that_became_part_of_another_does_not_take_its_answers_away_again(asked):
    asked.submit(asked.next("ada", now=NOW).lease_id, "two", label="bsd", now=NOW)
    _follow(asked, ("bsd", "gpl"), {"mit": "bsd"})
    assert _counted(asked, ("bsd", "gpl")) == (["bsd", "bsd"], [])
    _follow(asked, BEFORE)
    labels, aside = _counted(asked, BEFORE)
    assert (sorted(labels), aside) == (["bsd", "mit"], [])
    _follow(asked, ("mit", "gpl"))
    assert _counted(asked, ("mit", "gpl")) == (["mit"], ["bsd"])


def test_a_new_name_that_is_renamed_once_more_leads_on():
    renames = Renames({"a": "c"}, frozenset({("a", "b"), ("a", "c")}))
    assert [renames.name_now(name, ("c", "x")) for name in "abcx"] == ["c", "c", "c", "x"]
    assert Renames({"a": "c"}).name_now("b", ("c",)) is None


def test_an_answer_that_was_asked_for_again_gives_way_when_the_first_counts_again(queue, open_batch):
    again = next_batch_id("licences", "again", {"licences-again-001"})
    assert is_again(again, "licences")
    assert not is_again("licences-round-001", "licences")
    assert not is_of_kind(again, "licences", "drifted")
    assert [is_round(name, "licences") for name in ("licences-round-001", again, "licences-drifted-001")] == [
        True,
        False,
        False,
    ]
    for name, label in (("b1", "mit"), (again, "bsd")):
        open_batch(name, classes=BEFORE, tasks=[NewTask("s0", "hold_out", "manual")])
        queue.submit(queue.next("ada", now=NOW).lease_id, name, label=label, now=NOW)
    answers = {name: queue.answers(name) for name in ("b1", again)}
    for classes, counted in ((BEFORE, [1, 0]), (("bsd", "gpl"), [0, 1])):
        found = that_count(answers, "licences", classes, Renames())
        assert [table.num_rows for table, _ in found.values()] == counted
        assert sum(table.num_rows + len(aside) for table, aside in found.values()) == 2


def test_a_trap_that_was_caught_stays_caught_when_both_classes_become_one(queue, open_batch):
    trap = NewTask("s0", "trap", "trap", proposed_label="gpl", probability=0.5)
    open_batch(classes=BEFORE, tasks=[trap])
    queue.submit(queue.next("ada", now=NOW).lease_id, "one", label="mit", now=NOW)
    _follow(queue, ("mit", "bsd"), {"gpl": "mit"})
    (row,) = that_count({"b1": queue.answers("b1")}, "licences", ("mit", "bsd"), queue.renames("licences"))["b1"][
        0
    ].to_pylist()
    assert (row["label"], row["proposed_label"], row["proposed_answer"]) == ("mit", None, None)


def _coins(*names: str) -> dict[str, object]:
    ring = [[0, 0], [9, 0], [9, 9], [0, 9]]
    return {"size": [20, 20], "objects": [{"class": name, "polygons": [ring]} for name in names]}


def test_answers_with_objects_of_a_removed_class_are_kept_aside_and_none_are_proposed(queue, open_batch):
    tasks = [
        NewTask("s0", "query", "manual"),
        NewTask("s1", "query", "manual"),
        NewTask("s2", "query", "proposed", proposed_answer=_coins("coin", "ring"), probability=0.5),
    ]
    open_batch(classes=("coin", "ring"), tasks=tasks, kind="objects")
    for name, said in (("one", ("coin",)), ("two", ("coin", "ring"))):
        queue.submit(queue.next("ada", now=NOW).lease_id, name, answer=_coins(*said), now=NOW)
    _follow(queue, ("coin",))
    counted, aside = that_count({"b1": queue.answers("b1")}, "licences", ("coin",), queue.renames("licences"))["b1"]
    assert [classes_in(answer) for answer in counted["answer"].to_pylist()] == [{"coin"}]
    assert [classes_in(row["answer"]) for row in aside] == [{"coin", "ring"}]
    lease = queue.next("ada", now=NOW)
    assert [one["class"] for one in json.loads(lease.task.proposed_answer)["objects"]] == ["coin"]
    queue.submit(lease.lease_id, "three", answer=lease.task.proposed_answer, now=NOW)
    _follow(queue, ("coin", "ring"))
    answers, renames = {"b1": queue.answers("b1")}, queue.renames("licences")
    counted, aside = that_count(answers, "licences", ("coin", "ring"), renames)["b1"]
    assert counted.num_rows == 3 and not aside
