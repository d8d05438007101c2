from data_engine.review import BatchProgress, NewTask


def states(queue, now=None):
    progress = queue.progress("b1", now=now)
    return progress.n_done, progress.n_open, progress.n_leased, progress.n_undecided


def submit(queue, annotator, label, now):
    lease = queue.next(annotator, now=now)
    return queue.submit(lease.lease_id, f"of {lease.lease_id}", label=label, now=now)


def skip(queue, annotator, now):
    queue.release(queue.next(annotator, now=now).lease_id, reason="cannot tell", now=now)


def test_a_new_batch_is_all_open(queue, open_batch):
    open_batch(n=3)
    assert queue.progress("b1") == BatchProgress(
        batch_id="b1",
        n_tasks=3,
        n_done=0,
        n_open=3,
        n_leased=0,
        n_undecided=0,
        is_answered=False,
        revision=1,
        n_trap_answers=0,
        trap_catch_rate=None,
    )


def test_every_task_is_in_one_state(queue, open_batch, at):
    open_batch(n=4)
    submit(queue, "ada", "mit", at(0))
    skip(queue, "ada", at(1))
    queue.next("ada", now=at(2))
    assert states(queue) == (1, 1, 1, 1)
    assert queue.open_tasks() == 3


def test_a_lease_that_ran_out_is_seen_with_a_clock(queue, open_batch, at):
    open_batch(n=1)
    queue.next("ada", now=at(0), lease_s=60)
    assert states(queue) == (0, 0, 1, 0)
    assert states(queue, at(59)) == (0, 0, 1, 0)
    assert states(queue, at(60)) == (0, 1, 0, 0)


def test_a_task_skipped_by_all_who_work_on_the_batch_is_undecided(queue, open_batch, at):
    open_batch(n=2)
    skip(queue, "ada", at(0))
    assert states(queue) == (0, 1, 0, 1)
    held = queue.next("bob", now=at(1))
    queue.submit(held.lease_id, "1", label="mit", now=at(2))
    assert held.task.sample_id == "s0"
    assert states(queue) == (1, 1, 0, 0)
    skip(queue, "bob", at(3))
    assert states(queue) == (1, 1, 0, 0)
    skip(queue, "ada", at(4))
    assert states(queue) == (1, 0, 0, 1)
    assert not queue.progress("b1").is_answered


def test_a_task_that_wants_more_annotators_than_there_are_is_undecided(queue, open_batch, at):
    open_batch(n=1, answers_per_task=2)
    submit(queue, "ada", "mit", at(0))
    assert states(queue) == (0, 0, 0, 1)
    submit(queue, "bob", "mit", at(1))
    assert states(queue) == (1, 0, 0, 0)
    assert queue.progress("b1").is_answered


def test_the_trap_catch_rate_is_the_share_of_answers_that_differ_from_the_wrong_proposal(queue, open_batch, at):
    traps = [NewTask(f"t{i}", "trap", "trap", {}, "mit", 0.9, priority=1) for i in range(4)]
    open_batch(tasks=[*traps, NewTask("s", "query", "proposed", {}, "mit", 0.9)])
    for i, label in enumerate(["gpl-2.0", "mit", "gpl-3.0"]):
        submit(queue, "ada", label, at(i))
    progress = queue.progress("b1")
    assert (progress.n_trap_answers, progress.trap_catch_rate) == (3, 2 / 3)


def test_the_tables_hold_what_is_in_the_queue(queue, open_batch, at):
    open_batch(tasks=[NewTask("s0", "audit", "blind", {"text": "x"}, "mit", 0.75, priority=2.0)])
    submit(queue, "ada", "gpl-2.0", at(5))
    tables = queue.tables()
    assert list(tables) == ["review_batch", "review_task", "review_annotation"]
    batch, task, annotation = (table.to_pylist()[0] for table in tables.values())
    assert (batch["review_batch"], batch["n_tasks"], batch["n_done"], batch["n_open"]) == ("b1", 1, 1, 0)
    assert (batch["opened_at"], batch["answered_at"]) == (at(0), at(5))
    assert (task["proposed_label"], task["probability"], task["priority"]) == ("mit", 0.75, 2.0)
    assert (task["n_wanted"], task["n_answers"], task["is_open"]) == (1, 1, False)
    assert (annotation["task_id"], annotation["sample_id"], annotation["label"]) == (task["task_id"], "s0", "gpl-2.0")
    assert (annotation["provenance"], annotation["submitted_at"]) == ("human", at(5))


def test_the_tables_of_an_empty_queue_have_their_columns(queue):
    tables = queue.tables()
    assert [table.num_rows for table in tables.values()] == [0, 0, 0]
    assert "proposed_label" in tables["review_task"].column_names
