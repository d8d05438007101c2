"""The queue as people use it: their own leases only, several at a time, seconds that can have passed."""

import pytest
from review_people import answer_all, at, person

from data_engine.errors import LeaseLost, NotFound
from data_engine.review.people import person_queue

ADA, BOB = person("ada"), person("bob")


def test_several_tasks_are_taken_at_once_and_a_reload_gives_the_same(licences, monkeypatch):
    taken = licences.take(ADA, corpus="licences", n=3, now=at(0))
    assert [lease.task.sample_id for lease in taken] == ["s0", "s1", "s2"]
    more = licences.take(ADA, corpus="licences", holding=[lease.lease_id for lease in taken], n=3, now=at(1))
    assert [lease.task.sample_id for lease in more] == ["s3"]
    assert licences.take(ADA, corpus="licences", n=9, now=at(2)) == [*taken, *more]
    assert licences.take(ADA, corpus="licences", batch_id="b2", now=at(2)) == []
    monkeypatch.setattr(person_queue, "MOST_HELD", 2)
    assert len(licences.take(BOB, corpus="licences", n=9, now=at(3))) == 2


def test_what_is_somebody_elses_is_as_if_it_were_not_there(licences):
    (lease,) = licences.take(ADA, corpus="licences", now=at(0))
    given = licences.answer(ADA, lease.lease_id, "one", label="mit", now=at(1))
    (held,) = licences.take(ADA, corpus="licences", now=at(2))
    for attempt in (
        lambda: licences.answer(BOB, held.lease_id, "two", label="mit", now=at(3)),
        lambda: licences.skip(BOB, held.lease_id, reason="x", now=at(3)),
        lambda: licences.prolong(BOB, held.lease_id, now=at(3)),
        lambda: licences.hand_back(BOB, held.lease_id, now=at(3)),
        lambda: licences.probability_of(BOB, held.lease_id),
        lambda: licences.revise(BOB, given.annotation_id, label="mit", now=at(3)),
        lambda: licences.sample_of(BOB, held.task.task_id),
        lambda: licences.sample_of(ADA, "no task"),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert [row.kind for row in licences.actions()] == ["answered"]
    assert licences.sample_of(ADA, held.task.task_id) == ("licences", "s1")
    assert licences.sample_of(person("eve", "reviewer"), held.task.task_id) == ("licences", "s1")


def test_anybody_may_look_at_a_finished_task(licences):
    answer_all(licences, "ada", ["mit"])
    answer_all(licences, "bob", ["mit"])
    (lease,) = licences.take(ADA, corpus="licences", now=at(400))
    assert licences.sample_of(person("eve"), licences.last_answers(ADA, ["licences"])[0]["task_id"])[1] == "s0"
    with pytest.raises(NotFound, match="that eve may look at"):
        licences.sample_of(person("eve"), lease.task.task_id)


def test_the_probability_is_told_only_where_the_proposal_is_shown(licences):
    leases = licences.take(ADA, corpus="licences", n=4, now=at(0))
    assert [licences.probability_of(ADA, lease.lease_id) for lease in leases] == [None, 0.75, None, 0.1]


def test_more_seconds_than_passed_are_not_believed(licences):
    (lease,) = licences.take(ADA, corpus="licences", now=at(0))
    licences.answer(ADA, lease.lease_id, "one", label="mit", active_s=600, now=at(5))
    assert licences.answers("b1")["active_s"].to_pylist() == [5.0]


def test_an_answer_that_comes_too_late_is_kept_as_a_draft(licences):
    (lease,) = licences.take(ADA, corpus="licences", now=at(0))
    assert licences.withdraw(person("eve", "admin"), "b1", reason="enough", now=at(1))
    assert not licences.withdraw(person("eve", "admin"), "b1", reason="enough", now=at(1))
    with pytest.raises(LeaseLost, match="finished by others or withdrawn"):
        licences.answer(ADA, lease.lease_id, "one", label="mit", comment="hm", now=at(2))
    assert licences.draft(lease.lease_id) == "mit"
    assert [row.kind for row in licences.actions()] == ["ended", "answered_too_late"]


def test_provenance_is_that_of_the_arm_and_never_simulated(licences):
    answer_all(licences, "ada", ["mit", "mit", "mit", "gpl-2.0"])
    found = {row["arm"]: row["provenance"] for row in licences.answers("b1").to_pylist()}
    assert found == {"manual": "human", "assisted": "human_assisted", "blind": "human", "trap": "model_accepted"}


def test_a_lease_is_renewed_and_handed_back_by_its_holder(licences):
    (lease,) = licences.take(ADA, corpus="licences", now=at(0))
    assert licences.prolong(ADA, lease.lease_id, now=at(100)).expires_at == at(520)
    licences.hand_back(ADA, lease.lease_id, now=at(101))
    assert licences.progress("b1").n_leased == 0
