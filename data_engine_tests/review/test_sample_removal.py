"""Samples that are taken out of a queue: nothing about them stays, and nothing about others goes."""

from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from review_people import open_licences

from data_engine.review import NewTask
from data_engine.review.people.person_queue import PersonQueue
from data_engine.review.people.tokens import Person
from data_engine.review.queue_audit import _content
from data_engine.review.queue_tables import audit

NOW = datetime(2024, 5, 1, 13, tzinfo=UTC)


def _answered(queue, open_batch):
    tasks = [NewTask(f"s{n}", "query", "proposed", proposed_label="mit", probability=0.5) for n in range(3)]
    open_batch("b1", tasks=tasks)
    for number in range(2):
        queue.submit(queue.next("ada", now=NOW).lease_id, str(number), label="mit", now=NOW)
    queue.decide("b1", "s0", "gpl-2.0", by="eve", now=NOW)


def test_a_forgotten_sample_leaves_no_row_and_the_batch_counts_what_is_left(queue, open_batch):
    _answered(queue, open_batch)
    assert queue.count_answers_about("licences", ["s0", "s2"]) == 1
    queue.forget_samples("licences", ["s0", "s2"], now=NOW)
    queue.leave_no_trace()
    tables = queue.tables()
    assert {row["sample_id"] for row in tables["review_task"].to_pylist()} == {"s1"}
    assert "s0" not in str([table.to_pylist() for table in tables.values()])
    progress = queue.progress("b1")
    assert (progress.n_done, progress.n_open, progress.is_answered) == (1, 0, True)
    assert queue.count_answers("licences") == 1


def test_the_samples_of_another_corpus_stay(queue, open_batch):
    _answered(queue, open_batch)
    queue.forget_samples("texts", ["s0", "s1", "s2"], now=NOW)
    assert queue.count_answers("licences") == 2


def test_what_was_deleted_is_in_no_byte_of_the_file(queue, open_batch):
    tasks = [NewTask("s0", "query", "manual", payload={"note": "MOSTSECRETNOTE"}), NewTask("s1", "query", "manual")]
    open_batch("b1", tasks=tasks)
    queue.forget_samples("licences", ["s0"], now=NOW)
    queue.leave_no_trace()
    # A queue on PostgreSQL has no file of its own.
    path = Path(queue._engine.url.database or "")
    files = list(path.parent.glob(f"{path.name}*")) if queue._engine.dialect.name == "sqlite" else []
    assert b"MOSTSECRETNOTE" not in b"".join(each.read_bytes() for each in files)
    assert "MOSTSECRETNOTE" not in str(queue.tables()["review_task"].to_pylist())


def test_a_forgotten_sample_leaves_no_line_of_what_people_did_to_it_and_one_that_it_was_forgotten(url):
    with PersonQueue(url) as people:
        open_licences(people, now=NOW)
        ada = Person("ada", "reviewer", None)
        first, second = people.take(ada, corpus="licences", n=2, now=NOW)
        given = people.answer(ada, first.lease_id, "one", label="mit", now=NOW)
        people.revise(ada, given.annotation_id, label="gpl-2.0", now=NOW)
        people.skip(ada, second.lease_id, reason="names MOSTSECRETNOTE", now=NOW)
        people.settle(ada, "b1", "s0", "mit", now=NOW)
        people.forget_samples("licences", ["s0", "s1"], now=NOW)
        (line,) = people.actions()
        assert (line.kind, line.annotator, line.subject_id) == ("samples_forgotten", "", "licences")
        assert line.detail == {"n_answers": 1, "n_samples": 2}
        with people._reading() as connection:
            told = [tuple(row) for row in connection.execute(sa.select(audit.c.kind, audit.c.subject_id))]
        assert told == [("opened", None), ("forgotten", None)]


def test_the_revision_never_falls_and_the_queue_does_not_contradict_itself(queue, open_batch):
    open_batch(n=3, answers_per_task=2)
    for name in ("ada", "bob"):
        while lease := queue.next(name, now=NOW):
            given = queue.submit(lease.lease_id, f"{name}{lease.task.sample_id}", label="mit", now=NOW)
    queue.reopen(given.annotation_id, label="gpl-2.0", now=NOW, annotator="bob")
    for label in ("mit", "gpl-2.0"):
        queue.decide("b1", "s0", label, by="eve", now=NOW)
        queue.decide("b1", "s1", label, by="eve", now=NOW)
    assert queue.ask_one_more([lease_of["task_id"] for lease_of in queue.tables()["review_task"].to_pylist()], now=NOW)
    assert (queue.progress("b1").revision, _problems(queue)) == (7, [])
    for sample_id in ("s2", "s0"):
        queue.forget_samples("licences", [sample_id], now=NOW)
        assert (queue.progress("b1").revision, _problems(queue)) == (7, [])
    queue.decide("b1", "s1", "mit", by="eve", now=NOW)
    assert (queue.progress("b1").revision, _problems(queue)) == (8, [])


def _problems(queue):
    with queue._reading() as connection:
        return _content(connection, "licences").problems
