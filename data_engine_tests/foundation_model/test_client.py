from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from chat_server import KEY, ChatServer

from data_engine.corpus.foundation_model import FoundationModel
from data_engine.errors import InvalidInput
from data_engine.foundation_model.client import (
    DROPPED,
    NONSENSE,
    RATE_LIMITED,
    REFUSED,
    SERVER_FAILED,
    TIMED_OUT,
    UNREACHABLE,
    CallFailed,
    ChatClient,
)

BODY = {"messages": [{"role": "user", "content": "a boat"}]}
Make = Callable[..., FoundationModel]


def _failure(model: FoundationModel) -> CallFailed:
    with ChatClient(model) as client, pytest.raises(CallFailed) as caught:
        client.complete(BODY, "k")
    return caught.value


def test_a_good_answer_comes_back_and_key_and_request_key_are_sent(chat: ChatServer, model: Make) -> None:
    with ChatClient(model()) as client:
        found: Any = client.complete(BODY, "k")
    assert found["choices"][0]["message"]["content"] == '{"answer": "sailing"}'
    assert (chat.headers[0]["Authorization"], chat.headers[0]["Idempotency-Key"]) == (f"Bearer {KEY}", "k")


def test_without_key_from_no_key_is_sent(chat: ChatServer, model: Make) -> None:
    with ChatClient(model(key_from=None)) as client:
        client.complete(BODY, "k")
    assert "Authorization" not in chat.headers[0]


@pytest.mark.parametrize(
    ("act", "failure", "may_be_charged", "of_all"),
    [
        ("stall 0.1", TIMED_OUT, True, False),
        ("trickle 0.02", TIMED_OUT, True, False),
        ("break", DROPPED, True, False),
        ("drop", DROPPED, True, False),
        ("raw <html>", NONSENSE, True, False),
        ("status 429", RATE_LIMITED, False, False),
        ("status 500", SERVER_FAILED, True, False),
        ("status 400", REFUSED, False, False),
        ("status 401", REFUSED, False, True),
        ("status 404", REFUSED, False, True),
        ("status 302", REFUSED, False, True),
    ],
)
def test_every_failure_has_its_name(
    chat: ChatServer, model: Make, act: str, failure: str, may_be_charged: bool, of_all: bool
) -> None:
    chat.todo = [act]
    found = _failure(model(timeout_s=0.05 if failure == TIMED_OUT else 5.0))
    assert (found.failure, found.may_be_charged, found.is_of_all) == (failure, may_be_charged, of_all)
    assert found.is_worth_another_try == (failure != REFUSED)
    assert KEY not in f"{found!s} {found!r}"


def test_a_server_that_is_not_there_is_unreachable(model: Make) -> None:
    found = _failure(model(url="http://127.0.0.1:9/v1"))
    assert (found.failure, found.may_be_charged) == (UNREACHABLE, False)


@pytest.mark.parametrize(("value", "seconds"), [("3", 3.0), ("-1", 0.0), ("0.5", 0.5), ("soon", None)])
def test_the_server_says_how_long_to_wait(chat: ChatServer, model: Make, value: str, seconds: float | None) -> None:
    chat.todo = [f"status 429 {value}"]
    assert _failure(model()).retry_after_s == seconds


def test_the_server_may_say_until_when_to_wait(chat: ChatServer, model: Make) -> None:
    chat.todo = [f"status 503 {format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)}"]
    seconds = _failure(model()).retry_after_s
    assert seconds is not None
    assert 80 < seconds <= 90


def test_a_key_that_is_not_set_or_odd_is_told_by_its_variable(model: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_KEY", " ")
    with pytest.raises(InvalidInput, match="variable CHAT_KEY of the environment is not set"):
        ChatClient(model())
    monkeypatch.setenv("CHAT_KEY", "sk-\n-secret")
    with pytest.raises(InvalidInput, match="holds what no key is made of") as caught:
        ChatClient(model())
    assert "secret" not in str(caught.value)
