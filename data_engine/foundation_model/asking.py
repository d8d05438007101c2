"""Asking a model about many samples: several at once, within its limits, again where it fails, and each paid once.

One try is in `client.py`, large jobs go by `batch_files.py`.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from logging import getLogger
from random import Random
from typing import Any

from data_engine.corpus.foundation_model import FoundationModel
from data_engine.foundation_model.answers import NO_COMPLETION, ModelAnswer, agreed, read_completion
from data_engine.foundation_model.call_book import CallBook, OverBudget, PaidAnswer
from data_engine.foundation_model.client import NONSENSE, CallFailed, ChatClient
from data_engine.foundation_model.limits import RateLimits, backoff_s
from data_engine.foundation_model.prompt import (
    AskedQuestion,
    Content,
    ReviewedExample,
    most_tokens,
    request_body,
    request_key,
)

logger = getLogger(__name__)

OVER_BUDGET, NOT_ASKED, WAITING, NO_CONTENT = "over_budget", "not_asked", "waiting", "no_content"
#: Failures of the moment: the sample may be answered when it is asked again.
FAILURES_OF_CALLS = {
    "unreachable": "the server cannot be reached",
    "timed_out": "the server did not answer in time",
    "dropped": "the connection broke off",
    "rate_limited": "the server lets no more requests through",
    "server_failed": "the server failed",
    "refused": "the server refused the request",
    "nonsense": "the server answered something else than a completion",
    OVER_BUDGET: "the budget allows no further call",
    NOT_ASKED: "the server failed for others before",
    WAITING: "the batch file is not answered yet",
    NO_CONTENT: "its content cannot be read any more",
}
#: Samples in a row that may fail before the others are not asked any more.
_MOST_FAILED_IN_A_ROW = 5
#: Rough bytes of a token, for limits per minute; costs are limited by one byte per token.
_BYTES_PER_TOKEN = 4


@dataclass(frozen=True)
class Pauses:
    """Seconds between tries: after the first, at most, and what a server may ask for without being given up."""

    first_s: float = 1.0
    longest_s: float = 30.0
    longest_asked_s: float = 120.0


@dataclass(frozen=True)
class Asked:
    """What came of one sample: the answer with its failure by name, what it cost, and in how many paid calls.

    `cost_now` is the part that this run paid; the rest was paid before.
    """

    answer: ModelAnswer
    cost: float = 0.0
    cost_now: float = 0.0
    seconds: float = 0.0
    n_calls: int = 0


@dataclass(frozen=True)
class SampleToAsk:
    """A sample with its examples; the content is read when it is asked, None where it cannot be read."""

    sample_id: str
    read: Callable[[], Content | None]
    examples: tuple[ReviewedExample, ...] = ()


@dataclass
class Asker:
    """Asks one model one question.

    Attributes:
        model: how it is asked.
        question: what it is asked.
        client: the server.
        book: what was paid.
        run_id: seeds the jitter of pauses.
        pauses: between tries.
        sleep: waits so many seconds.
    """

    model: FoundationModel
    question: AskedQuestion
    client: ChatClient
    book: CallBook
    pauses: Pauses = field(default_factory=Pauses)
    sleep: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        """Everything that threads share."""
        self._limits = RateLimits(self.model.requests_per_minute, self.model.tokens_per_minute, sleep=self.sleep)
        self._random, self._lock = Random(0), threading.Lock()
        self._reading = threading.Lock()
        self._stopped_by, self._n_failed_in_a_row, self._only_paid = "", 0, False
        self._times_foreseen = 1.0
        self._under_way, self._n_under_way = threading.Condition(), 0

    def ask(
        self,
        samples: Sequence[SampleToAsk],
        progress: Callable[[int], object] = lambda _: None,
        *,
        only_paid: bool = False,
    ) -> list[Asked]:
        """One outcome per sample, in their order; what was answered before is not asked again.

        A call that could cross a budget is not made, and nor is any after it. What was done is kept.

        Args:
            samples: whom to ask about.
            progress: is told of each one that is done.
            only_paid: gives only answers that are there; the others are under way in a batch file.
        """
        self._only_paid = only_paid

        def one(sample: SampleToAsk) -> Asked:
            outcome = self._one(sample)
            with self._lock:
                progress(1)
            return outcome

        with ThreadPoolExecutor(self.model.concurrency, thread_name_prefix="foundation_model") as pool:
            return list(pool.map(one, samples))

    def bodies(self, sample: SampleToAsk) -> list[dict[str, Any]]:
        """The requests about a sample that come next: a single one; several where answers are compared."""
        with self._reading:
            content = sample.read()
        if content is None:
            return []
        votes: list[int | None] = [None]
        if self.model.confidence == "agreement":
            votes = list(range(self.model.n_answers))
        else:
            single = request_body(self.model, self.question, content, sample.examples)
            paid = self.book.answer_to(request_key(self.model, single))
            if paid is not None and paid.answer.label is not None and paid.answer.confidence is None:
                votes = [None, *range(1, self.model.n_answers)]
        return [request_body(self.model, self.question, content, sample.examples, vote=vote) for vote in votes]

    def is_paid(self, body: dict[str, Any]) -> bool:
        """Whether a request has its answer."""
        return self.book.answer_to(request_key(self.model, body)) is not None

    def _one(self, sample: SampleToAsk) -> Asked:
        paid: list[PaidAnswer] = []
        costs_now = 0.0
        bodies = self.bodies(sample)
        if not bodies:
            return Asked(ModelAnswer(None, None, NO_CONTENT))
        while len(paid) < len(bodies):
            body = bodies[len(paid)]
            key = request_key(self.model, body)
            known = self.book.answer_to(key)
            if known is None:
                try:
                    known = self._tried(body, key)
                except CallFailed as error:
                    return Asked(ModelAnswer(None, None, error.failure), *_sums(paid, costs_now))
                costs_now += known.cost
            paid.append(known)
            if len(paid) == len(bodies) == 1:
                # Without log-probabilities the confidence is how far further answers agree.
                bodies = self.bodies(sample)
        answers = [each.answer for each in paid]
        return Asked(answers[0] if len(answers) == 1 else agreed(answers), *_sums(paid, costs_now))

    def _tried(self, body: dict[str, Any], key: str) -> PaidAnswer:
        """The answer to a request after as many tries as it takes. Raises: CallFailed after the last."""
        for attempt in range(1, self.model.max_attempts + 1):
            self._refuse_when_stopped()
            try:
                paid = self._once(body, key)
            except OverBudget as error:
                self.stop(OVER_BUDGET, str(error))
                raise CallFailed(OVER_BUDGET, str(error)) from None
            except CallFailed as error:
                if self._is_last(error, attempt):
                    self._count_failed(error)
                    raise
                self._pause(error, attempt)
            else:
                with self._lock:
                    self._n_failed_in_a_row = 0
                return paid
        raise AssertionError("unreachable")

    def _once(self, body: dict[str, Any], key: str) -> PaidAnswer:
        most_in, most_out = most_tokens(self.model, body)
        most_cost = self.model.cost_of(most_in, most_out)
        number = self._entered(key, most_cost)
        try:
            self._limits.wait(most_in // _BYTES_PER_TOKEN + most_out)
            started = time.perf_counter()
            answer = read_completion(self.client.complete(body, key), self.question.classes)
            if answer.failure == NO_COMPLETION:
                raise CallFailed(NONSENSE, f"{self.model.url} answers something else than a completion")
            paid = PaidAnswer(answer, priced(self.model, body, answer), time.perf_counter() - started)
            self.book.settle(number, paid)
            self._foresee(paid, most_cost)
            return paid
        except CallFailed as error:
            # What may be charged stays entered at its highest cost.
            if not error.may_be_charged:
                self.book.cancel([number])
            raise
        finally:
            with self._under_way:
                self._n_under_way -= 1
                self._under_way.notify_all()

    def _entered(self, key: str, most_cost: float) -> int:
        """The number of a call in the book. Raises: OverBudget when it could cross a budget with none under way.

        Calls under way are entered at their highest cost; once they are answered, there may be room for it.
        """
        while True:
            with self._under_way:
                try:
                    (number,) = self.book.reserve([key], [most_cost * self._times_foreseen])
                except OverBudget:
                    if not self._n_under_way:
                        raise
                    self._under_way.wait()
                else:
                    self._n_under_way += 1
                    return number
            self._refuse_when_stopped()

    def _foresee(self, paid: PaidAnswer, most_cost: float) -> None:
        """Where a server counts more than a request can have, foresee as much of all that follow: budgets hold."""
        if paid.cost > most_cost * self._times_foreseen * (1 + 1e-9) and most_cost:
            with self._lock:
                self._times_foreseen = max(self._times_foreseen, paid.cost / most_cost)
            logger.warning(
                "foundation model %s: the server counts %s tokens read and %s written, %.3g times what a request was "
                "foreseen to cost at most; raise tokens_per_image or max_answer_tokens",
                self.model.name, paid.answer.tokens_in, paid.answer.tokens_out, self._times_foreseen,
            )  # fmt: skip

    def _is_last(self, error: CallFailed, attempt: int) -> bool:
        asked = error.retry_after_s or 0.0
        too_long = asked > self.pauses.longest_asked_s
        if error.is_of_all or too_long:
            self.stop(error.failure, str(error))
        return not error.is_worth_another_try or attempt == self.model.max_attempts or too_long

    def _pause(self, error: CallFailed, attempt: int) -> None:
        with self._lock:
            pause = backoff_s(attempt, self._random, first_s=self.pauses.first_s, longest_s=self.pauses.longest_s)
        if error.retry_after_s is not None:
            self._limits.hold(error.retry_after_s)
            pause = max(pause, error.retry_after_s)
        self.sleep(pause)

    def _count_failed(self, error: CallFailed) -> None:
        with self._lock:
            self._n_failed_in_a_row += error.is_worth_another_try
            is_dead = self._n_failed_in_a_row >= _MOST_FAILED_IN_A_ROW
        if is_dead:
            self.stop(NOT_ASKED, str(error))

    def stop(self, failure: str, said: str) -> None:
        """Ask nothing more in this run; what is paid is still given."""
        with self._lock:
            is_first = not self._stopped_by
            self._stopped_by = self._stopped_by or failure
        if is_first:
            logger.warning("foundation model %s is not asked any further in this run: %s", self.model.name, said)

    def _refuse_when_stopped(self) -> None:
        if self._only_paid:
            raise CallFailed(WAITING, "the request went by a batch file that is not answered yet")
        if self._stopped_by:
            raise CallFailed(
                OVER_BUDGET if self._stopped_by == OVER_BUDGET else NOT_ASKED, "asking has stopped in this run"
            )


def priced(model: FoundationModel, body: dict[str, Any], answer: ModelAnswer, *, in_batch_file: bool = False) -> float:
    """What an answer costs; where the server does not count its tokens, the most that it can."""
    most_in, most_out = most_tokens(model, body)
    n_in = most_in if answer.tokens_in is None else answer.tokens_in
    n_out = most_out if answer.tokens_out is None else answer.tokens_out
    return model.cost_of(n_in, n_out, in_batch_file=in_batch_file)


def _sums(paid: Sequence[PaidAnswer], cost_now: float) -> tuple[float, float, float, int]:
    return sum(each.cost for each in paid), cost_now, sum(each.seconds for each in paid), len(paid)
