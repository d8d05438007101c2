from datetime import datetime

import pytest

from data_engine.errors import InvalidInput, LeaseLost
from data_engine.review import NewTask


def samples(queue, annotator, n, now, **filters):
    """Take and answer n tasks; their samples in order."""
    taken = []
    for _ in range(n):
        lease = queue.next(annotator, now=now, **filters)
        queue.submit(lease.lease_id, f"of {lease.lease_id}", label="mit", now=now)
        taken.append(lease.task.sample_id)
    return taken


def test_the_highest_priority_comes_first_then_the_order_given(queue, open_batch, at):
    priorities = {"low": 0.1, "high": 0.9, "same": 0.9}
    open_batch(tasks=[NewTask(name, "query", "manual", priority=value) for name, value in priorities.items()])
    assert samples(queue, "ada", 3, at(0)) == ["high", "same", "low"]
    assert queue.next("ada", now=at(0)) is None


def test_of_equal_priorities_the_older_batch_comes_first(queue, open_batch, at):
    open_batch("a young one", tasks=[NewTask("young", "query", "manual")], now=at(60))
    open_batch("b old one", tasks=[NewTask("old", "query", "manual")], now=at(0))
    assert samples(queue, "ada", 2, at(100)) == ["old", "young"]


def test_what_an_annotator_sees(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("ada", now=at(0))
    assert lease.annotator == "ada"
    assert lease.expires_at == at(420)
    assert (lease.task.sample_id, lease.task.batch_id, lease.task.arm) == ("s0", "b1", "manual")
    assert lease.task.question == "Which licence is meant?"
    assert lease.task.classes == ("mit", "apache-2.0", "gpl-2.0", "gpl-3.0")
    assert lease.task.payload == {"text": "text 0"}


@pytest.mark.parametrize(
    ("arm", "shown"),
    [("manual", None), ("blind", None), ("assisted", "mit"), ("proposed", "mit"), ("trap", "mit")],
)
def test_the_proposal_is_shown_in_the_arms_that_show_one(queue, open_batch, at, arm, shown):
    open_batch(tasks=[NewTask("s", "query", arm, {}, "mit", 0.8)])
    assert queue.next("ada", now=at(0)).task.proposed_label == shown


def test_asking_twice_gives_the_same_lease(queue, open_batch, at):
    open_batch(n=2)
    first = queue.next("ada", now=at(0))
    assert queue.next("ada", now=at(10)) == first
    assert queue.next("bob", now=at(10)).task.sample_id == "s1"


def test_who_says_what_they_hold_gets_the_next_task_beside_it_and_all_of_them_again_after_a_reload(
    queue, open_batch, at
):
    open_batch(n=3, answers_per_task=2)
    first = queue.next("ada", now=at(0))
    second = queue.next("ada", now=at(1), holding=[first.lease_id])
    third = queue.next("ada", now=at(2), holding=[first.lease_id, second.lease_id])
    held = [first, second, third]
    assert [lease.task.sample_id for lease in held] == ["s0", "s1", "s2"]
    assert queue.next("ada", now=at(3), holding=[lease.lease_id for lease in held]) is None
    assert queue.next("ada", now=at(4)) == first
    assert queue.next("ada", now=at(5), holding=[first.lease_id]) == second
    assert queue.next("bob", now=at(6)).task.sample_id == "s0"


def test_a_lease_that_is_given_back_frees_its_place_and_is_no_skip(queue, open_batch, at):
    open_batch(n=1)
    given = queue.next("ada", now=at(0))
    queue.give_back(given.lease_id, now=at(1))
    queue.give_back(given.lease_id, now=at(1))
    assert queue.skipped("ada") == []
    of_bob = queue.next("bob", now=at(2))
    assert of_bob.task.sample_id == "s0"
    queue.give_back(of_bob.lease_id, now=at(3))
    again = queue.next("ada", now=at(4))
    assert (again.task.sample_id, again.task.was_skipped) == ("s0", False)


def test_a_skipped_task_that_comes_again_stays_marked_after_a_reload(queue, open_batch, at):
    open_batch(n=1)
    queue.release(queue.next("ada", now=at(0)).lease_id, reason="unclear", now=at(1))
    assert queue.next("ada", now=at(2)).task.was_skipped
    assert queue.next("ada", now=at(3)).task.was_skipped


def test_a_live_lease_elsewhere_does_not_answer_for_another_batch(queue, open_batch, at):
    open_batch("b1", n=1)
    open_batch("b2", n=1, corpus="digits")
    in_b1 = queue.next("ada", now=at(0), batch="b1")
    in_digits = queue.next("ada", now=at(0), corpus="digits")
    assert (in_b1.task.batch_id, in_digits.task.batch_id) == ("b1", "b2")
    assert queue.next("ada", now=at(1), batch="b2") == in_digits
    assert queue.next("ada", now=at(1), corpus="licences") == in_b1
    assert queue.next("ada", now=at(1), batch="b1", corpus="digits") is None


def test_a_task_has_as_many_leases_as_it_wants_answers(queue, open_batch, at):
    open_batch(n=1, answers_per_task=2)
    assert queue.next("ada", now=at(0)) is not None
    assert queue.next("bob", now=at(0)) is not None
    assert queue.next("eve", now=at(0)) is None


def test_nobody_answers_a_task_twice(queue, open_batch, at):
    open_batch(n=1, answers_per_task=2)
    assert samples(queue, "ada", 1, at(0)) == ["s0"]
    assert queue.next("ada", now=at(1)) is None
    assert samples(queue, "bob", 1, at(1)) == ["s0"]


def test_a_lease_that_ran_out_frees_its_place(queue, open_batch, at):
    open_batch(n=1)
    lost = queue.next("ada", now=at(0), lease_s=60)
    assert queue.next("bob", now=at(59)) is None
    found = queue.next("bob", now=at(60))
    assert found.task == lost.task
    assert found.lease_id != lost.lease_id


def test_after_running_out_the_same_annotator_gets_a_new_lease(queue, open_batch, at):
    open_batch(n=1)
    first = queue.next("ada", now=at(0), lease_s=60)
    second = queue.next("ada", now=at(100), lease_s=60)
    assert second.task == first.task
    assert second.lease_id != first.lease_id
    assert second.expires_at == at(160)


def test_renewing_gives_the_full_length_again(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("ada", now=at(0), lease_s=60)
    assert queue.renew(lease.lease_id, now=at(50)).expires_at == at(110)
    assert queue.next("bob", now=at(100)) is None


def test_a_lease_that_ran_out_is_renewed_while_its_place_is_free(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("ada", now=at(0), lease_s=60)
    assert queue.renew(lease.lease_id, now=at(500)).expires_at == at(560)
    assert queue.next("bob", now=at(501)) is None


def test_a_lease_whose_place_is_taken_is_lost(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("ada", now=at(0), lease_s=60)
    queue.next("bob", now=at(100))
    with pytest.raises(LeaseLost, match=r"ran out and its task \w+ was given away; ask for the next task"):
        queue.renew(lease.lease_id, now=at(101))


def test_a_lease_of_a_finished_task_is_lost(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("ada", now=at(0), lease_s=60)
    samples(queue, "bob", 1, at(100))
    with pytest.raises(LeaseLost, match="finished by others"):
        queue.renew(lease.lease_id, now=at(101))


def test_a_skipped_task_goes_to_others_and_comes_back_when_nothing_else_is_left(queue, open_batch, at):
    open_batch(n=2)
    lease = queue.next("ada", now=at(0))
    queue.release(lease.lease_id, reason="cannot read it", now=at(1))
    queue.release(lease.lease_id, reason="cannot read it", now=at(2))
    other = queue.next("ada", now=at(3))
    assert (other.task.sample_id, other.task.was_skipped) == ("s1", False)
    assert queue.next("bob", now=at(3)).task.sample_id == "s0"
    with pytest.raises(LeaseLost, match="was given back by ada"):
        queue.renew(lease.lease_id, now=at(4))
    queue.submit(other.lease_id, "one", label="mit", now=at(5))
    # Somebody else is working on it.
    assert queue.next("ada", now=at(6)) is None
    queue.release(queue.next("bob", now=at(6)).lease_id, reason="nor can I", now=at(7))
    again = queue.next("ada", now=at(8))
    assert (again.task.sample_id, again.task.was_skipped) == ("s0", True)
    queue.submit(again.lease_id, "two", label="mit", now=at(9))
    assert queue.progress("b1").is_answered


def test_of_skipped_tasks_the_one_of_the_longest_ago_comes_first_and_all_are_listed(queue, open_batch, at):
    open_batch(n=2)
    for second in (0, 2):
        lease = queue.next("ada", now=at(second))
        queue.release(lease.lease_id, reason=f"reason {second}", now=at(second + 1))
    skipped = queue.skipped("ada", "licences")
    assert [(each.sample_id, each.reason) for each in skipped] == [("s0", "reason 0"), ("s1", "reason 2")]
    assert queue.skipped("ada", "others") == queue.skipped("bob") == []
    first = queue.next("ada", now=at(4))
    queue.release(first.lease_id, reason="still not", now=at(5))
    second = queue.next("ada", now=at(6))
    assert (first.task.sample_id, second.task.sample_id) == ("s0", "s1")
    queue.submit(second.lease_id, "one", label="mit", now=at(7))
    assert [each.reason for each in queue.skipped("ada")] == ["still not"]


def test_skipping_needs_a_reason_and_comes_before_the_answer(queue, open_batch, at):
    open_batch(n=1)
    lease = queue.next("ada", now=at(0))
    with pytest.raises(InvalidInput, match="say why the task is skipped"):
        queue.release(lease.lease_id, reason="", now=at(1))
    queue.submit(lease.lease_id, "1", label="mit", now=at(2))
    with pytest.raises(LeaseLost, match="was used for ada's answer already; reopen that answer"):
        queue.release(lease.lease_id, reason="on second thought", now=at(3))


def test_an_unknown_lease_is_an_error(queue, at):
    for use in (
        lambda: queue.renew("nonsense", now=at(0)),
        lambda: queue.release("nonsense", reason="x", now=at(0)),
        lambda: queue.submit("nonsense", "1", label="mit", now=at(0)),
        lambda: queue.draft("nonsense"),
    ):
        with pytest.raises(InvalidInput, match="no lease 'nonsense' in this queue"):
            use()


@pytest.mark.parametrize("lease_s", [0, -1, 86_401])
def test_a_lease_lasts_from_a_second_to_a_day(queue, at, lease_s):
    with pytest.raises(InvalidInput, match=f"lease_s is {lease_s}; a lease lasts from 1 to 86400 seconds"):
        queue.next("ada", now=at(0), lease_s=lease_s)


def test_a_clock_without_zone_is_refused_everywhere(queue, open_batch, at):
    open_batch(n=1)
    lease_id = queue.next("ada", now=at(0)).lease_id
    naive = datetime(2024, 5, 1, 12)
    for use in (
        lambda: open_batch("b2", now=naive),
        lambda: queue.next("ada", now=naive),
        lambda: queue.renew(lease_id, now=naive),
        lambda: queue.release(lease_id, reason="x", now=naive),
        lambda: queue.submit(lease_id, "1", label="mit", now=naive),
        lambda: queue.reopen("a", label="mit", now=naive, annotator="ada"),
        lambda: queue.decide("b1", "s0", "mit", by="eve", now=naive),
        lambda: queue.end_batch("b1", reason="x", now=naive),
        lambda: queue.progress("b1", now=naive),
    ):
        with pytest.raises(InvalidInput, match="without a time zone"):
            use()


def test_people_and_programs_are_kept_apart_by_name(queue, open_batch, at):
    open_batch(n=1)
    with pytest.raises(InvalidInput, match="call it 'simulated:ada'"):
        queue.next("ada", now=at(0), is_simulated=True)
    with pytest.raises(InvalidInput, match="only simulated annotators' names start with 'simulated:'"):
        queue.next("simulated:ada", now=at(0))
