import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from chat_server import KEY, ChatServer

from data_engine.errors.secret_texts import without_secrets
from data_engine.foundation_model.asking import FAILURES_OF_CALLS, Asked, Asker, SampleToAsk
from data_engine.foundation_model.call_book import CallBook
from data_engine.foundation_model.prompt import most_tokens
from data_engine_tests.foundation_model.conftest import samples

Make = Callable[..., Asker]
#: 100 tokens at 1000 a million, and 10 at 2000.
PRICE = 0.12


def _labels(asked: list[Asked]) -> list[str | None]:
    return [each.answer.label for each in asked]


def test_answers_come_in_order_with_confidence_and_cost(chat: ChatServer, asker: Make) -> None:
    who = asker()
    asked = who.ask(samples("a boat", "a loaf", "boats"))
    assert _labels(asked) == ["sailing", "baking", "sailing"]
    assert [each.answer.confidence for each in asked] == [pytest.approx(0.99, abs=0.001)] * 3
    assert [(each.cost, each.cost_now, each.n_calls) for each in asked] == [(PRICE, PRICE, 1)] * 3
    assert who.book.spent().cost == pytest.approx(3 * PRICE)


def test_the_same_question_is_paid_once(chat: ChatServer, asker: Make) -> None:
    asker().ask(samples("a boat", "a loaf"))
    asked = asker(run_id="two").ask(samples("a loaf", "a boat", "an oven"))
    assert [each.cost_now for each in asked] == [0, 0, PRICE]
    assert [each.cost for each in asked] == [PRICE] * 3
    assert len(chat.bodies) == 3


def test_without_log_probabilities_several_answers_are_compared(chat: ChatServer, asker: Make) -> None:
    chat.logprobs = False
    said = iter(["sailing", "baking", "sailing", "sailing", "sailing"])
    chat.answer = lambda text, body: next(said)
    (asked,) = asker(n_answers=5).ask(samples("a boat"))
    assert (asked.answer.label, asked.answer.confidence, asked.n_calls) == ("sailing", 0.8, 5)
    assert asked.cost == pytest.approx(5 * PRICE)
    assert [body.get("seed") for body in chat.bodies] == [None, 1, 2, 3, 4]
    assert _labels(asker().ask(samples("a boat"))) == ["sailing"]
    assert len(chat.bodies) == 5


def test_agreement_can_be_asked_for(chat: ChatServer, asker: Make) -> None:
    (asked,) = asker(n_answers=3, confidence="agreement").ask(samples("a boat"))
    assert (asked.answer.confidence, asked.n_calls) == (1.0, 3)
    assert {body["temperature"] for body in chat.bodies} == {0.7}


@pytest.mark.parametrize("act", ["stall 0.3", "break", "drop", "raw <html>", "raw []", "status 500", "status 429"])
def test_a_server_that_fails_for_a_while_is_asked_again(chat: ChatServer, asker: Make, act: str) -> None:
    chat.todo = [act, act]
    who = asker(concurrency=1, timeout_s=0.25 if "stall" in act else 5.0)
    assert _labels(who.ask(samples("a boat"))) == ["sailing"]
    slept = who.slept  # type: ignore[attr-defined]
    assert len(slept) == 2
    assert 0.005 <= slept[0] <= 0.01 <= slept[1] <= 0.02
    # What the server may have charged for stays at its highest cost; what it did not do costs nothing.
    spent = who.book.spent()
    assert (spent.in_doubt > 0) == (act != "status 429")


def test_after_the_last_try_a_sample_has_a_named_failure_and_the_next_run_asks_it(
    chat: ChatServer, asker: Make
) -> None:
    chat.todo = ["status 503"] * 3
    asked = asker(concurrency=1).ask(samples("a boat", "a loaf"))
    assert [(each.answer.label, each.answer.failure) for each in asked] == [(None, "server_failed"), ("baking", "")]
    assert _labels(asker(run_id="two").ask(samples("a boat", "a loaf"))) == ["sailing", "baking"]


def test_the_server_says_when_to_come_back(chat: ChatServer, asker: Make) -> None:
    chat.todo = ["status 429 0.05"]
    who = asker(concurrency=1)
    assert _labels(who.ask(samples("a boat"))) == ["sailing"]
    slept = who.slept  # type: ignore[attr-defined]
    assert slept[0] == 0.05


def test_a_server_that_asks_to_wait_for_long_is_given_up(chat: ChatServer, asker: Make) -> None:
    chat.todo = ["status 429 3600"]
    asked = asker(concurrency=1).ask(samples("a boat", "a loaf"))
    assert [each.answer.failure for each in asked] == ["rate_limited", "not_asked"]


def test_a_wrong_key_stops_all_at_once_and_is_shown_nowhere(
    chat: ChatServer, asker: Make, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    chat.todo = ["status 401"]
    asked = asker(concurrency=1).ask(samples("a", "b", "c"))
    assert [each.answer.failure for each in asked] == ["refused", "not_asked", "not_asked"]
    assert len(chat.bodies) == 1
    assert "small is not asked any further in this run" in caplog.text
    assert KEY not in caplog.text
    assert without_secrets(KEY) != KEY
    assert all(KEY.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_one_refused_sample_does_not_stop_the_others(chat: ChatServer, asker: Make) -> None:
    chat.todo = ["status 400"]
    who = asker(concurrency=1)
    assert [each.answer.failure for each in who.ask(samples("a", "b"))] == ["refused", ""]
    assert who.book.spent().n_calls == 1


def test_a_dead_server_is_not_asked_for_every_sample(chat: ChatServer, asker: Make) -> None:
    asked = asker(url="http://127.0.0.1:9/v1", concurrency=1).ask(samples(*map(str, range(9))))
    assert [each.answer.failure for each in asked] == ["unreachable"] * 5 + ["not_asked"] * 4


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        ({"message": {"content": '{"answer": "gpl"}'}, "finish_reason": "stop"}, "outside_classes"),
        ({"message": {"content": "???\n"}, "finish_reason": "length"}, "cut_off"),
        ({"message": {"content": "so\nlong"}, "finish_reason": "stop"}, "no_json"),
    ],
)
def test_an_answer_that_is_none_was_paid_and_is_not_asked_again(
    chat: ChatServer, asker: Make, said: object, failure: str
) -> None:
    chat.todo = [f"say {json.dumps(said)}"]
    (asked,) = asker().ask(samples("a boat"))
    assert (asked.answer.failure, asked.n_calls) == (failure, 1)
    (again,) = asker().ask(samples("a boat"))
    assert (again.answer.failure, again.cost_now) == (failure, 0)
    assert len(chat.bodies) == 1


def test_a_budget_is_used_however_many_calls_are_under_way(chat: ChatServer, asker: Make) -> None:
    who = asker(concurrency=8)
    most = who.model.cost_of(*most_tokens(who.model, who.bodies(samples("a boat")[0])[0]))
    book = CallBook(who.book._path, run_id="tight", max_per_run=most + 5.5 * PRICE, now=lambda: 1e9)
    with book:
        asked = Asker(who.model, who.question, who.client, book).ask(samples(*(f"boat {n}" for n in range(9))))
        assert sum(each.answer.failure == "" for each in asked) == 6
        assert book.spent().cost == pytest.approx(6 * PRICE)


def test_a_budget_holds_where_a_server_counts_more_tokens_than_a_request_can_have(
    chat: ChatServer, asker: Make
) -> None:
    message = {"message": {"content": '{"answer": "baking"}'}, "logprobs": None}
    counted = {"choices": [message], "usage": {"prompt_tokens": 90_000, "completion_tokens": 10}}
    chat.todo = ["raw " + json.dumps(counted)] * 9
    who = asker(max_per_run=300.0, concurrency=1, n_answers=2)
    asked = who.ask(samples("a loaf", "a cake"))
    assert [each.answer.failure for each in asked] == ["", "over_budget"]
    assert who.book.spent().cost == pytest.approx(3 * 90.02)
    assert len(chat.bodies) == 3


def test_a_budget_stops_before_the_call_that_could_cross_it_and_keeps_what_was_done(
    chat: ChatServer, asker: Make
) -> None:
    highest = asker(run_id="other")
    body = highest.bodies(samples("a boat")[0])[0]
    from data_engine.foundation_model.prompt import most_tokens

    most = highest.model.cost_of(*most_tokens(highest.model, body))
    who = asker(max_per_run=most + 1.5 * PRICE, concurrency=1)
    asked = who.ask(samples("a boat", "a coat", "a goat", "a moat"))
    assert [each.answer.failure for each in asked] == ["", "", "over_budget", "over_budget"]
    assert who.book.spent().cost <= most + 1.5 * PRICE
    assert [each.answer.failure for each in asker(run_id="two").ask(samples("a boat", "a coat", "a goat"))] == [""] * 3
    assert len(chat.bodies) == 3


def test_a_server_that_counts_no_tokens_costs_the_most_that_it_can(chat: ChatServer, asker: Make) -> None:
    chat.usage = False
    who = asker()
    (asked,) = who.ask(samples("a boat"))
    body = chat.bodies[0]
    from data_engine.foundation_model.prompt import most_tokens

    assert asked.cost == who.model.cost_of(*most_tokens(who.model, body))


def test_no_more_requests_are_under_way_than_allowed(chat: ChatServer, asker: Make) -> None:
    chat.todo = ["stall 0.02"] * 8
    asker(concurrency=2).ask(samples(*map(str, range(8))))
    assert chat.most_at_once == 2


def test_a_sample_whose_content_is_gone_is_not_sent(chat: ChatServer, asker: Make) -> None:
    (asked,) = asker().ask([SampleToAsk("x", lambda: None)])
    assert (asked.answer.failure, chat.bodies) == ("no_content", [])
    assert asked.answer.failure in FAILURES_OF_CALLS


_PROCESS = """
import sys
from pathlib import Path
from data_engine.corpus.foundation_model import FoundationModel
from data_engine.foundation_model.asking import Asker, SampleToAsk
from data_engine.foundation_model.call_book import CallBook
from data_engine.foundation_model.client import ChatClient
from data_engine.foundation_model.prompt import AskedQuestion, Content
url, path, run_id = sys.argv[1:]
model = FoundationModel(name="small", url=url, model="small-1", price_in=1000.0, concurrency=2)
question = AskedQuestion("What is this about?", ("baking", "sailing"))
texts = [f"text {number}" for number in range(40)]
with ChatClient(model) as client, CallBook(Path(path), run_id=run_id) as book:
    asked = Asker(model, question, client, book).ask([SampleToAsk(t, lambda t=t: Content(t)) for t in texts])
print(sum(each.answer.label is not None for each in asked))
"""


def test_a_killed_run_pays_again_at_most_for_what_was_under_way(chat: ChatServer, tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    chat.todo = ["stall 0.01"] * 80
    command = [sys.executable, "-c", textwrap.dedent(_PROCESS), chat.url, str(tmp_path / "calls.db")]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    first = subprocess.Popen([*command, "one"], env=environment, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 30
    while len(chat.bodies) < 12 and time.monotonic() < deadline:
        time.sleep(0.002)
    first.send_signal(signal.SIGKILL)
    first.wait()
    n_before = len(chat.bodies)
    assert 12 <= n_before < 40
    second = subprocess.run([*command, "two"], env=environment, capture_output=True, text=True, check=True)
    assert second.stdout.strip() == "40"
    said = [body["messages"][-1]["content"] for body in chat.bodies]
    twice = len(said) - len(set(said))
    assert twice <= 2
    assert len(set(said)) == 40
