"""What reviewers decide: it stands in the place of the answers, with a revision and a change that others follow."""

import pytest
import sqlalchemy as sa
from object_project import coins_at
from review_people import answer_all, at, person

from data_engine.errors import InvalidInput, LeaseLost, UnknownLabel
from data_engine.review import NewTask
from data_engine.review.queue_audit import read_queue
from data_engine.review.queue_database import reading
from data_engine.review.queue_tables import audit


def decided(queue):
    """(sample, label, annotator, revision, purpose) of every decision among the answers."""
    names = ("sample_id", "label", "annotator", "revision", "purpose")
    rows = queue.answers("b1").to_pylist()
    return [tuple(row[name] for name in names) for row in rows if row["provenance"] == "adjudicated"]


def test_a_decision_is_a_row_beside_the_answers_that_raises_the_revision_and_is_told_of(licences):
    answer_all(licences, "ada", ["mit", "mit", "mit", "mit"])
    answer_all(licences, "bob", ["gpl-2.0", "mit", "mit", "mit"])
    before = licences.changes()
    assert licences.decide("b1", "s0", "apache-2.0", by="eve", now=at(900)) is True
    assert licences.decide("b1", "s0", "apache-2.0", by="eve", now=at(901)) is False
    assert decided(licences) == [("s0", "apache-2.0", "eve", 1, "query")]
    assert licences.answers("b1").num_rows == 9
    assert licences.progress("b1").revision == 2
    (change,) = licences.changes(before[-1].cursor)
    assert (change.kind, change.batch_id, change.revision) == ("adjudicated", "b1", 2)
    assert licences.labels_given("b1") == {"mit", "gpl-2.0", "apache-2.0"}
    assert at(900) in licences.answer_times("b1").values()


def test_a_later_decision_takes_the_place_of_the_earlier_one_and_the_audit_has_both(licences):
    licences.decide("b1", "s0", "mit", by="eve", now=at(1))
    licences.decide("b1", "s0", "gpl-2.0", by="zoe", now=at(2))
    assert decided(licences) == [("s0", "gpl-2.0", "zoe", 2, "query")]
    assert [row["label"] for row in licences.decisions("b1").to_pylist()] == ["gpl-2.0"]
    with reading(licences._engine) as connection:
        rows = connection.execute(sa.select(audit).where(audit.c.kind == "adjudicated").order_by(audit.c.cursor)).all()
    assert [(row.revision, row.detail) for row in rows] == [
        (2, '{"method": "adjudicated:eve", "new_label": "mit", "old_label": null}'),
        (3, '{"method": "adjudicated:zoe", "new_label": "gpl-2.0", "old_label": "mit"}'),
    ]
    assert read_queue(licences._engine.url.render_as_string(), "licences").problems == []


def test_a_task_that_was_decided_before_it_had_its_answers_wants_none_any_more(licences):
    (lease,) = licences.take(person("ada"), corpus="licences", now=at(0))
    assert lease.task.sample_id == "s0"
    licences.decide("b1", "s0", "mit", by="eve", now=at(1))
    progress = licences.progress("b1")
    assert (progress.n_done, progress.n_open, progress.n_leased, progress.n_undecided) == (1, 3, 0, 0)
    with pytest.raises(LeaseLost, match="finished by others or withdrawn"):
        licences.answer(person("ada"), lease.lease_id, "ada-late", label="mit", now=at(2))
    assert licences.take(person("bob"), corpus="licences", now=at(3))[0].task.sample_id == "s1"


def test_deciding_all_that_is_open_answers_the_batch(licences):
    for sample_id in ("s0", "s1", "s2"):
        licences.decide("b1", sample_id, "mit", by="eve", now=at(1))
    assert licences.progress("b1").is_answered is False
    licences.end_batch("b1", reason="the trap alone is left", now=at(2))
    progress = licences.progress("b1")
    assert (progress.is_answered, progress.n_done, progress.n_undecided) == (True, 3, 1)


def test_what_was_not_asked_or_is_a_trap_or_no_class_is_not_decided(licences):
    with pytest.raises(InvalidInput, match="sample 's7' has no task in batch 'b1'"):
        licences.decide("b1", "s7", "mit", by="eve", now=at(0))
    with pytest.raises(InvalidInput, match="sample 's3' has no task"):
        licences.decide("b1", "s3", "mit", by="eve", now=at(0))
    with pytest.raises(UnknownLabel):
        licences.decide("b1", "s0", "beer", by="eve", now=at(0))
    with pytest.raises(InvalidInput, match="only simulated annotators' names"):
        licences.decide("b1", "s0", "mit", by="simulated:eve", now=at(0))
    assert decided(licences) == []


def test_a_decision_takes_the_name_that_its_class_has_by_now(licences):
    licences.decide("b1", "s0", "mit", by="eve", now=at(1))
    licences.follow_classes("licences", ["expat", "apache-2.0", "gpl-2.0"], {"mit": "expat"}, now=at(2))
    content = read_queue(licences._engine.url.render_as_string(), "licences")
    assert content.problems == []
    assert content.answers["b1"]["label"].to_pylist() == ["expat"]


def test_a_reviewer_decides_objects_by_an_edited_answer_and_not_of_another_image(licences):
    task = NewTask("s0", "query", "manual", {"uri": "a.png", "size": [20, 60]})
    asked = {"corpus": "coins", "question": "Where?", "classes": ("coin",), "kind": "objects", "cause": "a test"}
    licences.open_batch("b9", tasks=[task], now=at(0), **asked)
    lease = licences.next("ada", now=at(1), batch="b9")
    licences.submit(lease.lease_id, "one", answer=coins_at(0), now=at(2))
    with pytest.raises(InvalidInput, match="about an image of 20 x 60 px, but the image of the task has 60 x 20 px"):
        licences.decide("b9", "s0", coins_at(0).replace("[20,60]", "[60,20]"), by="eve", now=at(3))
    licences.decide("b9", "s0", coins_at(0, 30), by="eve", now=at(4))
    rows = {row["provenance"]: row["answer"] for row in licences.answers("b9").to_pylist()}
    assert rows == {"human": coins_at(0), "adjudicated": coins_at(0, 30)}
