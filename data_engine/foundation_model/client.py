"""One try of one request to a chat API over HTTP, and its failures by name.

Trying again, limits and costs are in `asking.py`.
"""

import json
import logging
import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import httpx

from data_engine.corpus.foundation_model import FoundationModel
from data_engine.errors import DataEngineError, InvalidInput
from data_engine.errors.secret_texts import keep_secret, without_secrets

UNREACHABLE, TIMED_OUT, DROPPED = "unreachable", "timed_out", "dropped"
RATE_LIMITED, SERVER_FAILED, REFUSED, NONSENSE = "rate_limited", "server_failed", "refused", "nonsense"

_MOST_BYTES = 256 * 1024**2
#: Refusals that hold for every request: the key, the address or the model is wrong.
_OF_ALL = (401, 402, 403, 404, 405)
_NOT_CHARGED = (UNREACHABLE, RATE_LIMITED, REFUSED)
# It writes every address that is asked.
logging.getLogger("httpx").setLevel(logging.WARNING)


class CallFailed(DataEngineError):
    """A request that was not answered.

    `failure` is its name. `may_be_charged`: the server may have worked on it. `is_of_all`: every other request would
    fail alike. `retry_after_s`: what the server asks to wait.
    """

    def __init__(self, failure: str, said: str, *, is_of_all: bool = False, retry_after_s: float | None = None) -> None:
        super().__init__(said)
        self.failure, self.is_of_all, self.retry_after_s = failure, is_of_all, retry_after_s

    @property
    def may_be_charged(self) -> bool:
        """Whether it may cost something nevertheless."""
        return self.failure not in _NOT_CHARGED

    @property
    def is_worth_another_try(self) -> bool:
        """Whether the same request may be answered later."""
        return self.failure != REFUSED


class ChatClient:
    """A chat API at its address; open it with `with`. Threads may share it.

    Args:
        model: the address, the variable of the key, and how long a request may take.

    Raises: InvalidInput when the variable of the key is not set.
    """

    def __init__(self, model: FoundationModel) -> None:
        self._url, self._timeout_s = model.url, model.timeout_s
        self._headers = {} if model.key_from is None else {"Authorization": f"Bearer {_key(model.key_from)}"}
        self._client = httpx.Client(timeout=model.timeout_s, follow_redirects=False, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def complete(self, body: Mapping[str, Any], key: str) -> object:
        """What `/chat/completions` says to a body; the key goes along, so that a server may know a repeated request.

        Raises: CallFailed.
        """
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        content = self.sent("POST", "/chat/completions", headers=headers, content=json.dumps(body).encode())
        return self.json(content)

    def sent(self, method: str, route: str, *, headers: Mapping[str, str] | None = None, **request: Any) -> bytes:
        """The content of an answer of success. Raises: CallFailed."""
        deadline = time.monotonic() + self._timeout_s
        content = bytearray()
        try:
            with self._client.stream(
                method, self._url + route, headers={**self._headers, **(headers or {})}, **request
            ) as answer:
                for part in answer.iter_bytes():
                    content += part
                    if time.monotonic() > deadline:
                        raise CallFailed(TIMED_OUT, f"{self._url} did not finish within {self._timeout_s:g} s")
                    if len(content) > _MOST_BYTES:
                        raise CallFailed(NONSENSE, f"{self._url} answers more than {_MOST_BYTES:,} bytes")
                self._require_success(answer, bytes(content), route)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise CallFailed(UNREACHABLE, self._said(error)) from None
        except httpx.TimeoutException as error:
            raise CallFailed(TIMED_OUT, self._said(error)) from None
        except httpx.HTTPError as error:
            raise CallFailed(DROPPED, self._said(error)) from None
        return bytes(content)

    def json(self, content: bytes) -> object:
        """Content as JSON. Raises: CallFailed."""
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise CallFailed(NONSENSE, f"{self._url} answers no JSON; is this the address of a chat API?") from None

    def _require_success(self, answer: httpx.Response, content: bytes, route: str) -> None:
        status = answer.status_code
        if 200 <= status < 300:
            return
        said = f"{self._url}{route} answered {status}: {_detail(content)}"
        if status in (408, 425, 429):
            raise CallFailed(RATE_LIMITED, said, retry_after_s=_retry_after_s(answer.headers))
        if status >= 500:
            raise CallFailed(SERVER_FAILED, said, retry_after_s=_retry_after_s(answer.headers))
        raise CallFailed(REFUSED, said, is_of_all=status in _OF_ALL or status < 400)

    def _said(self, error: httpx.HTTPError) -> str:
        return f"{self._url} does not answer ({type(error).__name__}: {without_secrets(str(error))})"


def _key(variable: str) -> str:
    key = os.environ.get(variable, "").strip()
    if not key:
        raise InvalidInput(
            f"the variable {variable} of the environment is not set, which foundation_model.key_from names; set it to "
            "the key of the server, or remove key_from where it asks for none"
        )
    if not key.isprintable() or not key.isascii():
        raise InvalidInput(f"the variable {variable} holds what no key is made of; set it to the key alone")
    keep_secret(key)
    return key


def _retry_after_s(headers: httpx.Headers) -> float | None:
    """Seconds that a server asks to wait: a number, or a time."""
    value = headers.get("retry-after", "").strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())


def _detail(content: bytes) -> str:
    """What an error of the server says, in short and without secrets."""
    try:
        said = json.loads(content)
        error = said.get("error", said)
        text = str(error.get("message", error) if isinstance(error, dict) else error)
    except (ValueError, AttributeError, RecursionError):
        text = content[:200].decode("utf-8", "replace") or "no reason"
    return without_secrets(" ".join(ascii(text).strip("'\"").split()))[:300]
