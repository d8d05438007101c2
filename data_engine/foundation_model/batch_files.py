"""Large jobs as files by the batch API: sent once, waited for, taken over; a killed run finds its file again.

Requests one by one are in `asking.py`.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from logging import getLogger
from typing import Any

from data_engine.corpus.foundation_model import FoundationModel
from data_engine.foundation_model.answers import NO_COMPLETION, read_completion
from data_engine.foundation_model.asking import priced
from data_engine.foundation_model.call_book import CallBook, PaidAnswer
from data_engine.foundation_model.client import NONSENSE, CallFailed, ChatClient
from data_engine.foundation_model.prompt import most_tokens, request_key

logger = getLogger(__name__)

_ROUTE = "/chat/completions"
_OVER = ("completed", "failed", "expired", "cancelled")
_LONGEST_PAUSE_S = 60.0
#: Most requests of one file, as the API has it.
_MOST_REQUESTS = 50_000


@dataclass(frozen=True)
class BatchFiles:
    """Sends requests as batch files and enters their answers into the book of calls.

    Attributes:
        model: how it is asked.
        classes: what an answer may be.
        client: the server.
        book: what was paid, and which files wait.
        first_pause_s: between two looks at a file; doubled each time.
        sleep: waits so many seconds.
    """

    model: FoundationModel
    classes: tuple[str, ...]
    client: ChatClient
    book: CallBook
    first_pause_s: float = 1.0
    sleep: Callable[[float], None] = time.sleep

    def answer(self, bodies: Iterable[Mapping[str, Any]]) -> int:
        """Take over files that wait, send what is not answered, and wait as long as the model allows.

        Args:
            bodies: requests; those that have an answer are passed over.

        Returns: how many requests still wait.
        Raises: CallFailed when the server fails; OverBudget when the requests could cross a budget, before any goes.
        """
        wanted = {request_key(self.model, body): dict(body) for body in bodies}
        for file_key in self.book.open_files():
            self._found_again(file_key)
        on_the_way = {key for file_key in self.book.open_files() for key in self.book.calls_of_file(file_key)}
        new = {key: body for key, body in wanted.items() if key not in on_the_way and not self.book.answer_to(key)}
        rest = list(new)
        while rest:
            keys, rest = rest[:_MOST_REQUESTS], rest[_MOST_REQUESTS:]
            self._send({key: new[key] for key in keys})
        self._wait(wanted)
        return sum(self.book.answer_to(key) is None for key in wanted)

    def _send(self, bodies: Mapping[str, dict[str, Any]]) -> None:
        file_key = hashlib.sha256("".join([*bodies, str(time.time_ns())]).encode()).hexdigest()[:32]
        costs = [self.model.cost_of(*most_tokens(self.model, body), in_batch_file=True) for body in bodies.values()]
        self.book.reserve(list(bodies), costs, file_key=file_key, classes=self.classes)
        lines = [
            {"custom_id": key, "method": "POST", "url": f"/v1{_ROUTE}", "body": body} for key, body in bodies.items()
        ]
        content = "".join(json.dumps(line) + "\n" for line in lines).encode()
        try:
            sent = self._json(
                "POST",
                "/files",
                data={"purpose": "batch"},
                files={"file": (f"{file_key}.jsonl", content, "application/jsonl")},
            )
        except CallFailed:
            # A file alone costs nothing; only a batch does.
            self.book.close_file(file_key)
            raise
        asked = {
            "input_file_id": _text(sent, "id"),
            "endpoint": f"/v1{_ROUTE}",
            "completion_window": "24h",
            "metadata": {"file_key": file_key},
        }
        try:
            made = self._json("POST", "/batches", json=asked)
        except CallFailed as error:
            if not error.may_be_charged:
                self.book.close_file(file_key)
            raise
        self.book.name_file(file_key, _text(made, "id"))

    def _found_again(self, file_key: str) -> None:
        """The batch of a file whose sending was not seen to its end: it is there, or it never was."""
        if self.book.open_files()[file_key] is not None:
            return
        for batch in self._listed():
            metadata = batch.get("metadata")
            if isinstance(metadata, Mapping) and metadata.get("file_key") == file_key:
                self.book.name_file(file_key, _text(batch, "id"))
                return
        self.book.close_file(file_key)

    def _listed(self) -> Iterable[Mapping[str, Any]]:
        after = ""
        while True:
            page = self._json("GET", "/batches", params={"limit": "100", **({"after": after} if after else {})})
            rows = [row for row in page.get("data") or () if isinstance(row, Mapping)]
            yield from rows
            if not page.get("has_more") or not rows:
                return
            after = _text(rows[-1], "id")

    def _wait(self, bodies: Mapping[str, dict[str, Any]]) -> None:
        deadline, pause = time.monotonic() + self.model.batch_wait_s, self.first_pause_s
        while waiting := self.book.open_files():
            for file_key, server_id in waiting.items():
                self._take_over(file_key, server_id or "", bodies)
            left = deadline - time.monotonic()
            if not self.book.open_files() or left <= 0:
                return
            self.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE_S)

    def _take_over(self, file_key: str, server_id: str, bodies: Mapping[str, dict[str, Any]]) -> None:
        batch = self._json("GET", f"/batches/{server_id}")
        if batch.get("status") not in _OVER:
            return
        numbers = self.book.calls_of_file(file_key)
        if batch.get("output_file_id"):
            content = self.client.sent("GET", f"/files/{_text(batch, 'output_file_id')}/content")
            classes = self.book.classes_of_file(file_key) or self.classes
            for line in content.splitlines():
                self._enter(line, numbers, bodies, classes)
        if batch.get("status") != "completed":
            logger.warning(
                "batch file %s of foundation model %s is %s: %d of its requests have no answer",
                server_id, self.model.name, batch.get("status"), len(self.book.calls_of_file(file_key)),
            )  # fmt: skip
        self.book.close_file(file_key)

    def _enter(
        self, line: bytes, numbers: Mapping[str, int], bodies: Mapping[str, dict[str, Any]], classes: Sequence[str]
    ) -> None:
        row = self.client.json(line)
        response = row.get("response") if isinstance(row, Mapping) else None
        key = row.get("custom_id") if isinstance(row, Mapping) else None
        if not isinstance(response, Mapping) or response.get("status_code") != 200:
            return
        if not isinstance(key, str) or key not in numbers:
            return
        answer = read_completion(response.get("body"), classes)
        if answer.failure == NO_COMPLETION:
            return
        body = bodies.get(key, {"messages": []})
        cost = priced(self.model, body, answer, in_batch_file=True)
        self.book.settle(numbers[key], PaidAnswer(answer, cost, 0.0))

    def _json(self, method: str, route: str, **request: Any) -> Mapping[str, Any]:
        found = self.client.json(self.client.sent(method, route, **request))
        if not isinstance(found, Mapping):
            raise CallFailed(NONSENSE, f"{self.model.url}{route} answers no object; has this server a batch API?")
        return found


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise CallFailed(NONSENSE, f"the server gives a batch file without {name}; has it a batch API?")
    return value
