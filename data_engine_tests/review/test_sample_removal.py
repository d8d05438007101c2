"""Samples that are taken out of a queue: nothing about them stays, and nothing about others goes."""

from datetime import UTC, datetime
from pathlib import Path

from data_engine.review import NewTask

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
    queue.forget_samples("licences", ["s0", "s2"])
    queue.leave_no_trace()
    tables = queue.tables()
    assert {row["sample_id"] for row in tables["review_task"].to_pylist()} == {"s1"}
    assert "s0" not in str([table.to_pylist() for table in tables.values()])
    progress = queue.progress("b1")
    assert (progress.n_done, progress.n_open, progress.is_answered) == (1, 0, True)
    assert queue.count_answers("licences") == 1


def test_the_samples_of_another_corpus_stay(queue, open_batch):
    _answered(queue, open_batch)
    queue.forget_samples("texts", ["s0", "s1", "s2"])
    assert queue.count_answers("licences") == 2


def test_what_was_deleted_is_in_no_byte_of_the_file(queue, open_batch):
    tasks = [NewTask("s0", "query", "manual", payload={"note": "MOSTSECRETNOTE"}), NewTask("s1", "query", "manual")]
    open_batch("b1", tasks=tasks)
    queue.forget_samples("licences", ["s0"])
    queue.leave_no_trace()
    # A queue on PostgreSQL has no file of its own.
    path = Path(queue._engine.url.database or "")
    files = list(path.parent.glob(f"{path.name}*")) if queue._engine.dialect.name == "sqlite" else []
    assert b"MOSTSECRETNOTE" not in b"".join(each.read_bytes() for each in files)
    assert "MOSTSECRETNOTE" not in str(queue.tables()["review_task"].to_pylist())
