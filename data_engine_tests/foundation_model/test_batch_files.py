from collections.abc import Callable
from typing import Any

import pytest
from chat_server import ChatServer

from data_engine.foundation_model.asking import Asker
from data_engine.foundation_model.batch_files import BatchFiles
from data_engine.foundation_model.call_book import OverBudget
from data_engine.foundation_model.client import CallFailed
from data_engine_tests.foundation_model.conftest import samples

Make = Callable[..., Asker]
PRICE = 0.12


def _files(who: Asker) -> BatchFiles:
    return BatchFiles(who.model, who.question.classes, who.client, who.book, 0.001, sleep=lambda _: None)


def _bodies(who: Asker, *texts: str) -> list[dict[str, Any]]:
    return [body for sample in samples(*texts) for body in who.bodies(sample)]


def test_a_batch_file_is_answered_at_its_own_price_and_then_nothing_is_asked(chat: ChatServer, asker: Make) -> None:
    who = asker()
    assert _files(who).answer(_bodies(who, "a boat", "a loaf")) == 0
    asked = who.ask(samples("a boat", "a loaf"))
    assert [each.answer.label for each in asked] == ["sailing", "baking"]
    assert [each.cost for each in asked] == [PRICE / 2] * 2
    assert who.book.spent().cost == PRICE
    assert len(chat.batches) == len(chat.bodies) == 1


def test_a_run_that_does_not_wait_leaves_the_file_to_a_later_one(chat: ChatServer, asker: Make) -> None:
    chat.batch_status = "in_progress"
    who = asker(batch_wait_s=0)
    assert _files(who).answer(_bodies(who, "a boat")) == 1
    assert [each.answer.failure for each in who.ask(samples("a boat"), only_paid=True)] == ["waiting"]
    chat.batch_status = "completed"
    later = asker(run_id="two", batch_wait_s=0)
    assert _files(later).answer(_bodies(later, "a boat", "a loaf")) == 0
    assert len(chat.batches) == 2
    assert [each.answer.label for each in later.ask(samples("a boat"))] == ["sailing"]


def test_the_answers_of_a_file_are_held_against_the_classes_that_it_was_sent_with(
    chat: ChatServer, asker: Make
) -> None:
    chat.batch_status = "in_progress"
    who = asker(batch_wait_s=0)
    (body,) = _bodies(who, "a boat")
    _files(who).answer([body])
    chat.batch_status = "completed"
    with_others = BatchFiles(who.model, ("law", "software"), who.client, who.book, 0.001, sleep=lambda _: None)
    with_others.answer([])
    assert who.is_paid(body)
    assert [each.answer.label for each in who.ask(samples("a boat"))] == ["sailing"]


def test_a_file_whose_sending_was_not_seen_to_its_end_is_found_again(chat: ChatServer, asker: Make) -> None:
    chat.todo = ["lost"]
    who = asker()
    with pytest.raises(CallFailed):
        _files(who).answer(_bodies(who, "a boat"))
    assert _files(asker(run_id="two")).answer(_bodies(who, "a boat")) == 0
    assert len(chat.batches) == 1


def test_a_file_that_never_arrived_is_sent_again(chat: ChatServer, asker: Make) -> None:
    who = asker()
    who.book.reserve(["k"], [1.0], file_key="gone")
    assert _files(who).answer(_bodies(who, "a boat")) == 0
    assert (who.book.open_files(), len(chat.batches)) == ({}, 1)


def test_an_expired_file_costs_what_it_answered_and_the_rest_is_free(chat: ChatServer, asker: Make) -> None:
    chat.batch_status = "expired"
    who = asker()
    made = _bodies(who, "a boat", "a loaf")
    asked: list[str] = []
    chat.answer = lambda text, body: asked.append(text) or "sailing"  # type: ignore[func-returns-value]
    assert _files(who).answer(made) == 0
    assert who.book.open_files() == {}
    assert len(asked) == 2


def test_a_file_that_could_cross_the_budget_is_not_sent(chat: ChatServer, asker: Make) -> None:
    who = asker(max_per_run=0.01)
    with pytest.raises(OverBudget):
        _files(who).answer(_bodies(who, "a boat"))
    assert (chat.files, chat.batches, who.book.open_files()) == ({}, {}, {})
