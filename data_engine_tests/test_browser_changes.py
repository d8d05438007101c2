"""What changes while somebody answers on the review page: the classes, who may open it, the end of a batch."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from browsed_review import Browsers, ReviewServer, answering, browsers, kept, shown, texts


@pytest.fixture(scope="module")
def people() -> Iterator[Browsers]:
    with browsers() as opened:
        yield opened
        assert opened.errors == []


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReviewServer]:
    """A page over six texts."""
    made = ReviewServer(tmp_path)
    made.open_batch(texts(6))
    made.start()
    yield made
    made.stop()


def _now() -> datetime:
    return datetime.now(UTC)


def _class_buttons(page: Any) -> list[str]:
    return [text.strip() for text in page.locator(".choice span").all_text_contents()]


def _answer_each(page: Any, key: str, numbers: range) -> None:
    """Answer the texts of these numbers, each once it is there."""
    for number in numbers:
        page.locator(".task-sample p", has_text=f"text number {number}").wait_for()
        page.keyboard.press(key)


def test_classes_that_change_in_an_open_batch_are_told_once_and_the_task_comes_again_with_those_of_now(
    server: ReviewServer, people: Browsers
) -> None:
    page = answering(people.open(server.link("ada")))
    page.keyboard.press("1")
    kept(page)
    server.queue.follow_classes("licences", ("mit", "bsd", "gpl-2.0"), {}, now=_now())
    page.keyboard.press("2")
    page.locator("#refused", has_text="Your answer apache-2.0 was not taken").wait_for()
    page.get_by_role("button", name="bsd", exact=True).wait_for()
    assert _class_buttons(page) == ["mit", "bsd", "gpl-2.0"]
    _answer_each(page, "2", range(1, 6))
    kept(page)
    assert server.labels() == {"s0": ["mit"]} | {f"s{n}": ["bsd"] for n in range(1, 6)}


def test_who_loses_access_while_answering_is_told_and_a_new_link_sends_what_was_answered(
    server: ReviewServer, people: Browsers
) -> None:
    page = answering(people.open(server.link("ada")))
    page.keyboard.press("1")
    kept(page)
    (token,) = server.queue.tokens()
    server.queue.revoke_token(token.token_id, now=_now())
    page.keyboard.press("2")
    page.locator("#sync", has_text="1 answer kept in this browser: this link is too old or was revoked").wait_for()
    assert server.labels() == {"s0": ["mit"]}
    page.goto(server.link("ada"))
    page.reload()
    kept(page)
    assert server.labels() == {"s0": ["mit"], "s1": ["apache-2.0"]}


def test_the_last_answer_is_taken_back_after_the_batch_has_ended(server: ReviewServer, people: Browsers) -> None:
    page = answering(people.open(server.link("ada")))
    _answer_each(page, "1", range(6))
    page.get_by_role("heading", name="Nothing is left for you").wait_for()
    kept(page)
    assert server.queue.progress("licences-round-001").is_answered
    page.keyboard.press("u")
    assert shown(page) == "text number 5"
    page.keyboard.press("3")
    kept(page)
    assert server.labels()["s5"] == ["gpl-2.0"]
    assert [change.kind for change in server.queue.changes()] == ["opened", "answered", "reopened"]
