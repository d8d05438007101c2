"""Which notices there are, and whose turn it is: none lost, none sent by two, and each tried again later and later."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from review_people import NOON

from data_engine.review.notices.outbox import MOST_ATTEMPTS


def test_a_batch_is_told_about_when_it_opens_waits_and_is_answered_and_each_time_once(outbox):
    outbox.note()
    outbox.open()
    assert [outbox.note(minutes=minutes) for minutes in (1, 2)] == [1, 0]
    day = 24 * 60
    assert [outbox.note(minutes=minutes) for minutes in (day - 1, day, day + 1, 3 * day, 3 * day + 1)] == [
        0,
        1,
        0,
        1,
        0,
    ]
    outbox.queue.end_batch("b1", reason="over", now=NOON + timedelta(days=3, hours=1))
    assert [outbox.note(minutes=4 * day) for _ in range(2)] == [1, 0]
    assert [event for event, _, _ in outbox.shown()] == ["opened", "waiting", "waiting", "answered"]


def test_what_is_over_before_it_is_noted_is_told_about_as_answered_alone(outbox):
    outbox.note()
    outbox.open()
    outbox.queue.end_batch("b1", reason="over", now=NOON)
    outbox.note(minutes=1)
    assert outbox.shown() == [("answered", "b1", "waiting")]


def test_a_channel_that_is_new_is_told_about_open_batches_alone(outbox):
    outbox.open("old")
    outbox.queue.end_batch("old", reason="over", now=NOON)
    outbox.open("new", minutes=1)
    outbox.note(minutes=2)
    assert outbox.shown() == [("opened", "new", "waiting")]
    outbox.note(minutes=3, channels=["webhook", "email"])
    assert [each.channel for each in outbox.queue.notices("licences")] == ["webhook", "email"]


def test_other_corpora_other_events_and_imports_are_not_told_about(outbox):
    outbox.note()
    outbox.open("other", corpus="other")
    outbox.open("licences-imported-001")
    assert outbox.note(minutes=1) == 0
    outbox.open("b1")
    assert outbox.note(minutes=2, events=["answered"]) == 0


def test_a_body_tells_of_the_batch_and_nothing_of_its_samples(outbox):
    outbox.open()
    outbox.note(page="https://review.example")
    told = json.loads(outbox.claim().body)
    assert told == {
        "cause": "a test",
        "corpus": "licences",
        "delivery_id": told["delivery_id"],
        "event": "review_batch.opened",
        "n_done": 0,
        "n_open": 1,
        "n_tasks": 1,
        "noted_at": "2026-05-01T12:00:00+00:00",
        "opened_at": "2026-05-01T12:00:00+00:00",
        "page": "https://review.example",
        "question": "Which licence is meant?",
        "review_batch": "b1",
    }


def test_a_notice_is_claimed_by_one_and_after_a_crash_by_another_with_the_same_id(outbox):
    outbox.open()
    outbox.note()
    first = outbox.claim()
    assert (first.state, first.n_attempts) == ("sending", 1)
    assert outbox.claim(minutes=9) is None
    again = outbox.claim(minutes=10)
    assert (again.delivery_id, again.body, again.n_attempts) == (first.delivery_id, first.body, 2)
    outbox.queue.mark_sent(again, remark=None, now=NOON)
    assert outbox.claim(minutes=600) is None


def test_pauses_double_up_to_six_hours_until_it_is_given_up_and_tried_again_when_somebody_says_so(outbox):
    outbox.open()
    outbox.note()
    minutes, pauses = 0.0, []
    for _ in range(MOST_ATTEMPTS):
        outbox.queue.mark_failed(outbox.claim(minutes=minutes), "no", now=NOON + timedelta(minutes=minutes))
        (found,) = outbox.queue.notices("licences")
        later = (found.next_attempt_at - NOON).total_seconds() / 60
        pauses.append(later - minutes)
        assert outbox.claim(minutes=later - 0.01) is None
        minutes = later
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360]
    assert (found.state, found.error) == ("failed", "no")
    assert outbox.claim(minutes=10**6) is None
    assert outbox.queue.try_again("licences", now=NOON) == 1
    assert outbox.claim().n_attempts == 1


def test_noting_that_breaks_off_is_done_anew(outbox, monkeypatch):
    outbox.note()
    outbox.open()
    with monkeypatch.context() as patch:
        patch.setattr("data_engine.review.notices.outbox._insert", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            outbox.note(minutes=1)
    assert outbox.note(minutes=2) == 1


def test_a_corpus_that_is_deleted_leaves_no_notices(outbox):
    outbox.open()
    outbox.note()
    outbox.queue.delete_corpus("licences", now=datetime.now(UTC))
    assert outbox.shown() == []
