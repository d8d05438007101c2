import json

import pytest
import sqlalchemy as sa

from data_engine import schemas
from data_engine.errors import InvalidInput, LeaseLost, UnknownLabel
from data_engine.review import NewTask, ReviewQueue, Submitted
from data_engine.review.queue_database import reading
from data_engine.review.queue_records import identifier
from data_engine.review.queue_tables import audit


def test_an_answer_becomes_one_row_of_the_schema(queue, open_batch, at):
    open_batch(tasks=[NewTask("s0", "query", "proposed", {}, "mit", 0.8)])
    lease = queue.next("ada", now=at(0))
    submitted = queue.submit(lease.lease_id, "1", label="mit", now=at(9), active_s=7.5)
    annotation_id = identifier("annotation", lease.task.task_id, "ada")
    assert submitted == Submitted(annotation_id, 1, is_repeat=False)
    answers = queue.answers("b1")
    assert answers.schema.equals(schemas.REVIEWED_LABELS, check_metadata=True)
    assert answers.to_pylist() == [
        {
            "annotation_id": annotation_id,
            "sample_id": "s0",
            "review_batch": "b1",
            "task_id": identifier("b1", "s0", "query"),
            "purpose": "query",
            "arm": "proposed",
            "annotator": "ada",
            "kind": "class",
            "answer": '{"label":"mit"}',
            "label": "mit",
            "proposed_answer": '{"label":"mit"}',
            "proposed_label": "mit",
            "provenance": "model_accepted",
            "is_simulated": False,
            "active_s": 7.5,
            "revision": 1,
            "decided_at": None,
        }
    ]


def test_no_answers_are_an_empty_table_of_the_schema(queue, open_batch):
    open_batch()
    assert queue.answers("b1").schema.equals(schemas.REVIEWED_LABELS, check_metadata=True)
    assert queue.answers("b1").num_rows == 0


@pytest.mark.parametrize(
    ("arm", "label", "shown", "provenance"),
    [
        ("manual", "mit", None, "human"),
        ("blind", "mit", None, "human"),
        ("assisted", "mit", "mit", "human_assisted"),
        ("proposed", "mit", "mit", "model_accepted"),
        ("proposed", "gpl-2.0", "mit", "model_edited"),
        ("trap", "mit", "mit", "model_accepted"),
        ("trap", "gpl-2.0", "mit", "model_edited"),
    ],
)
def test_provenance_follows_from_what_was_shown(queue, open_batch, at, arm, label, shown, provenance):
    open_batch(tasks=[NewTask("s", "query", arm, {}, "mit", 0.8)])
    person = queue.next("ada", now=at(0))
    queue.submit(person.lease_id, "1", label=label, now=at(0))
    row = queue.answers("b1").to_pylist()[0]
    assert (row["proposed_label"], row["provenance"], row["is_simulated"]) == (shown, provenance, False)


def test_a_simulated_answer_is_marked_and_has_no_seconds(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("simulated:ada", now=at(0), is_simulated=True)
    with pytest.raises(InvalidInput, match="only people have seconds"):
        queue.submit(lease.lease_id, "1", label="mit", now=at(0), active_s=2.0)
    queue.submit(lease.lease_id, "1", label="mit", now=at(0))
    row = queue.answers("b1").to_pylist()[0]
    assert (row["provenance"], row["is_simulated"], row["active_s"]) == ("simulated", True, None)


def test_sending_the_same_submission_again_writes_nothing(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("ada", now=at(0))
    first = queue.submit(lease.lease_id, "1", label="mit", now=at(1))
    before = queue.tables()
    again = queue.submit(lease.lease_id, "1", label="mit", now=at(9999))
    assert again == Submitted(first.annotation_id, 1, is_repeat=True)
    assert queue.tables() == before
    assert [change.kind for change in queue.changes()] == ["opened", "answered"]


def test_the_same_submission_with_another_label_is_an_error(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("ada", now=at(0))
    queue.submit(lease.lease_id, "1", label="mit", now=at(1))
    with pytest.raises(InvalidInput, match=r"submission '1' said 'mit' and now says 'gpl-2.0'; reopen annotation"):
        queue.submit(lease.lease_id, "1", label="gpl-2.0", now=at(2))


def test_the_same_submission_for_another_task_is_an_error(queue, open_batch, at):
    open_batch(n=2)
    first = queue.next("ada", now=at(0))
    queue.submit(first.lease_id, "1", label="mit", now=at(1))
    second = queue.next("ada", now=at(2))
    with pytest.raises(InvalidInput, match="give every answer an id of its own"):
        queue.submit(second.lease_id, "1", label="mit", now=at(3))
    assert queue.answers("b1").num_rows == 1


def test_a_second_answer_by_the_same_person_is_refused(queue, open_batch, at):
    open_batch(n=1, answers_per_task=2)
    lease = queue.next("ada", now=at(0))
    queue.submit(lease.lease_id, "1", label="mit", now=at(1))
    with pytest.raises(LeaseLost, match="was used for ada's answer already"):
        queue.submit(lease.lease_id, "2", label="gpl-2.0", now=at(2))
    assert queue.answers("b1")["label"].to_pylist() == ["mit"]


def test_an_empty_submission_id_is_refused(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("ada", now=at(0))
    with pytest.raises(InvalidInput, match="submission_id is empty"):
        queue.submit(lease.lease_id, "", label="mit", now=at(1))


def test_an_unknown_label_is_refused_and_the_lease_stays(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("ada", now=at(0))
    with pytest.raises(UnknownLabel, match=r"'apache2' is not one of the 4 classes .* did you mean 'apache-2.0'"):
        queue.submit(lease.lease_id, "1", label="apache2", now=at(1))
    assert queue.next("ada", now=at(2)) == lease
    assert not queue.submit(lease.lease_id, "1", label="apache-2.0", now=at(3)).is_repeat


def test_a_late_answer_counts_while_the_task_is_open(queue, open_batch, at):
    open_batch(n=1)
    late = queue.next("ada", now=at(0), lease_s=60)
    other = queue.next("bob", now=at(100))
    queue.submit(late.lease_id, "1", label="mit", now=at(101))
    assert queue.progress("b1").is_answered
    with pytest.raises(LeaseLost, match="finished by others"):
        queue.submit(other.lease_id, "2", label="gpl-2.0", now=at(102))
    assert queue.draft(other.lease_id) == "gpl-2.0"
    assert queue.answers("b1")["annotator"].to_pylist() == ["ada"]


def test_an_answer_after_the_task_was_finished_is_kept_as_a_draft(queue, open_batch, at):
    open_batch(n=1)
    late = queue.next("ada", now=at(0), lease_s=60)
    other = queue.next("bob", now=at(100))
    queue.submit(other.lease_id, "1", label="mit", now=at(101))
    for _ in range(2):
        with pytest.raises(LeaseLost, match=r"of ada is lost: task .* was finished by others"):
            queue.submit(late.lease_id, "2", label="gpl-3.0", now=at(102))
    assert queue.draft(late.lease_id) == "gpl-3.0"
    assert queue.draft(other.lease_id) is None
    assert queue.answers("b1").num_rows == 1


def test_whoever_loses_a_lease_to_a_late_answer_gets_another_task(queue, open_batch, at):
    open_batch(n=2)
    late = queue.next("ada", now=at(0), lease_s=60)
    assert queue.next("bob", now=at(100)).task == late.task
    queue.submit(late.lease_id, "1", label="mit", now=at(101))
    assert queue.next("bob", now=at(102)).task.sample_id == "s1"


def test_an_answer_on_an_old_lease_ends_the_new_one_too(queue, open_batch, at):
    open_batch(n=1, answers_per_task=2)
    old = queue.next("ada", now=at(0), lease_s=60)
    new = queue.next("ada", now=at(100))
    queue.submit(old.lease_id, "1", label="mit", now=at(101))
    with pytest.raises(LeaseLost, match="was used for ada's answer already"):
        queue.submit(new.lease_id, "2", label="mit", now=at(102))
    assert queue.progress("b1").n_leased == 0
    assert queue.next("ada", now=at(103)) is None


def test_a_correction_raises_both_revisions_and_keeps_the_old_answer(queue, open_batch, at):
    open_batch(tasks=[NewTask("s0", "query", "proposed", {}, "mit", 0.8)])
    lease = queue.next("ada", now=at(0))
    first = queue.submit(lease.lease_id, "1", label="mit", now=at(1), active_s=3.0)
    corrected = queue.reopen(first.annotation_id, label="gpl-2.0", now=at(60), annotator="ada")
    assert corrected == Submitted(first.annotation_id, 2, is_repeat=False)
    row = queue.answers("b1").to_pylist()[0]
    assert (row["label"], row["provenance"], row["revision"], row["active_s"]) == ("gpl-2.0", "model_edited", 2, 3.0)
    assert queue.progress("b1").revision == 2
    assert [(change.kind, change.revision) for change in queue.changes()] == [
        ("opened", 1),
        ("answered", 1),
        ("reopened", 2),
    ]
    with reading(queue._engine) as connection:
        kept = connection.execute(sa.select(audit).where(audit.c.kind == "reopened")).one()
    assert (kept.subject_id, kept.at) == (first.annotation_id, at(60))
    assert json.loads(kept.detail) == {
        "before": {"answer": '{"label":"mit"}', "label": "mit", "provenance": "model_accepted", "revision": 1},
        "after": {"answer": '{"label":"gpl-2.0"}', "label": "gpl-2.0", "provenance": "model_edited", "revision": 2},
    }


def test_correcting_to_the_same_label_is_a_repeat(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("ada", now=at(0))
    first = queue.submit(lease.lease_id, "1", label="mit", now=at(1))
    queue.reopen(first.annotation_id, label="gpl-2.0", now=at(2), annotator="ada")
    again = queue.reopen(first.annotation_id, label="gpl-2.0", now=at(3), annotator="ada")
    assert again == Submitted(first.annotation_id, 2, is_repeat=True)
    assert queue.progress("b1").revision == 2


def test_the_first_submission_is_still_a_repeat_after_a_correction(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("ada", now=at(0))
    first = queue.submit(lease.lease_id, "1", label="mit", now=at(1))
    queue.reopen(first.annotation_id, label="gpl-2.0", now=at(2), annotator="ada")
    assert queue.submit(lease.lease_id, "1", label="mit", now=at(3)) == Submitted(
        first.annotation_id, 2, is_repeat=True
    )
    assert queue.answers("b1")["label"].to_pylist() == ["gpl-2.0"]


def test_a_correction_before_the_batch_is_answered_is_not_published(queue, open_batch, at):
    open_batch(n=2)
    lease = queue.next("ada", now=at(0))
    first = queue.submit(lease.lease_id, "1", label="mit", now=at(1))
    queue.reopen(first.annotation_id, label="gpl-2.0", now=at(2), annotator="ada")
    assert [change.kind for change in queue.changes()] == ["opened"]
    last = queue.next("ada", now=at(3))
    queue.submit(last.lease_id, "2", label="mit", now=at(4))
    assert [(change.kind, change.revision) for change in queue.changes()] == [("opened", 1), ("answered", 2)]


def test_only_the_author_corrects_an_answer(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("ada", now=at(0))
    first = queue.submit(lease.lease_id, "1", label="mit", now=at(1))
    with pytest.raises(InvalidInput, match="is by 'ada', not 'bob'; only its author corrects an answer"):
        queue.reopen(first.annotation_id, label="gpl-2.0", now=at(2), annotator="bob")
    with pytest.raises(UnknownLabel):
        queue.reopen(first.annotation_id, label="beer", now=at(2), annotator="ada")
    with pytest.raises(InvalidInput, match="no annotation 'nonsense' in this queue"):
        queue.reopen("nonsense", label="mit", now=at(2), annotator="ada")


def test_equal_answers_give_equal_tables_whatever_the_clock(tmp_path, at):
    tables = []
    for name, start in (("one", 0), ("two", 1_000_000)):
        with ReviewQueue(f"sqlite:///{tmp_path / name}.db") as queue:
            tasks = [NewTask(f"s{i}", "query", "manual") for i in range(5)]
            batch = {"corpus": "c", "question": "?", "classes": ("a", "b"), "cause": "test"}
            queue.open_batch("b1", tasks=tasks, now=at(start), **batch)
            for i in range(5):
                lease = queue.next("ada", now=at(start + i))
                queue.submit(lease.lease_id, f"{name} {i}", label="ab"[i % 2], now=at(start + i))
            tables.append(queue.answers("b1"))
    assert tables[0] == tables[1]
    ids = tables[0]["annotation_id"].to_pylist()
    assert ids == sorted(ids)
