"""A server that chats, a model at it, and one that asks."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from chat_server import CLASSES, KEY, ChatServer, chat_server

from data_engine.corpus.foundation_model import FoundationModel
from data_engine.foundation_model.asking import Asker, Pauses, SampleToAsk
from data_engine.foundation_model.call_book import CallBook
from data_engine.foundation_model.client import ChatClient
from data_engine.foundation_model.prompt import AskedQuestion, Content

QUESTION = AskedQuestion("What is this about?", CLASSES)


@pytest.fixture
def chat(monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
    monkeypatch.setenv("CHAT_KEY", KEY)
    with chat_server() as server:
        yield server


@pytest.fixture
def model(chat: ChatServer) -> Callable[..., FoundationModel]:
    def make(**settings: Any) -> FoundationModel:
        given = {
            "name": "small", "url": chat.url, "model": "small-1", "key_from": "CHAT_KEY", "price_in": 1000.0,
            "price_out": 2000.0, "timeout_s": 5.0, "concurrency": 2, "max_attempts": 3,
        }  # fmt: skip
        return FoundationModel.model_validate({**given, **settings})

    return make


@pytest.fixture
def asker(model: Callable[..., FoundationModel], tmp_path: Path) -> Iterator[Callable[..., Asker]]:
    """Makes who asks, with a book that stays from one to the next; `slept` are the pauses between tries."""
    with ExitStack() as stack:

        def make(*, run_id: str = "one", max_per_run: float | None = None, **settings: Any) -> Asker:
            described = model(**settings)
            book = CallBook(
                tmp_path / "calls.db", run_id=run_id, max_per_run=max_per_run, max_per_month=None, now=lambda: 1e9
            )
            client = stack.enter_context(ChatClient(described))
            slept: list[float] = []
            made = Asker(
                described,
                QUESTION,
                client,
                stack.enter_context(book),
                Pauses(first_s=0.01, longest_s=0.02, longest_asked_s=5.0),
                sleep=slept.append,
            )
            made.slept = slept  # type: ignore[attr-defined]
            return made

        yield make


def samples(*texts: str) -> list[SampleToAsk]:
    """Samples of these texts."""
    return [SampleToAsk(text, lambda text=text: Content(text)) for text in texts]
