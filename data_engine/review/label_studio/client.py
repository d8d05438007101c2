"""A project of a Label Studio server over HTTP: what is read is checked, and what can be tried again is.

Routes as https://api.labelstud.io describes them. What is pushed is made in `pushing.py`, what is pulled is read in
`pulling.py`.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from data_engine.errors import DataEngineError, InvalidInput
from data_engine.errors.secret_texts import keep_secret, without_secrets
from data_engine.review.exchange.values import object_in, objects_in, text_in, time_in, whole_number_in

PAGE_SIZE = 100
_MOST_BYTES = 256 * 1024**2
_PAUSES_S = (0.5, 2.0, 5.0)
_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_TIMEOUT_S = 60.0
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"
# It writes every address that is asked, with its query.
logging.getLogger("httpx").setLevel(logging.WARNING)


class LabelStudioError(DataEngineError):
    """Label Studio cannot be reached, refuses the token, or answers what is no answer."""


class LabelStudioProject:
    """One project of one server; open it with `with`.

    Args:
        url: Address of the server, http or https.
        project: Number of the project.
        token: A legacy token or a personal access token; never shown.
        pause: Waits so many seconds.

    Raises: InvalidInput for another scheme, a login in the URL, or an empty token.
    """

    def __init__(self, url: str, project: int, token: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        if not token.strip():
            raise InvalidInput(
                "the token of Label Studio is empty; set LABEL_STUDIO_API_KEY to the one of your account"
            )
        keep_secret(token)
        self._url = _checked_url(url)
        self._project, self._token, self._pause = project, token.strip(), pause
        self._client = httpx.Client(timeout=_TIMEOUT_S, follow_redirects=False)
        self._header = ""

    @property
    def place(self) -> str:
        """Server and project in one text, as the cursor of what was pulled is kept by."""
        return f"{self._url} project {self._project}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def settings(self) -> Mapping[str, Any]:
        """What the project is. Raises: LabelStudioError."""
        return object_in(self._get(f"/api/projects/{self._project}/"), "the project")

    def emails(self) -> dict[int, str]:
        """E-mail addresses by the number of the account; none where the token may not see them.

        Raises: LabelStudioError.
        """
        found = self._get("/api/users/", may_lack=True)
        emails = {}
        for entry in found if isinstance(found, list) else ():
            record = object_in(entry, "an account")
            number = whole_number_in(record, "id", "an account", least=0, most=10**12)
            email = text_in(record, "email", "an account", longest=254)
            if number is not None and email is not None:
                emails[number] = email
        return emails

    def tasks(self) -> Iterator[list[Mapping[str, Any]]]:
        """All tasks without their annotations, page by page. Raises: LabelStudioError."""
        n_page = 1
        while True:
            page = self._page(n_page, {"ordering": ["tasks:id"]}, fields="task_only")
            yield page
            if len(page) < PAGE_SIZE:
                return
            n_page += 1

    def changed_tasks(self, since: datetime) -> Iterator[list[Mapping[str, Any]]]:
        """The tasks with their annotations, from a last change on, page by page in the order of the changes.

        A page begins where the last one ended, and not at a number of tasks: those that change meanwhile move to the
        end, and those behind them up. So the last of a page comes again in the next.

        Raises: LabelStudioError.
        """
        n_page = 1
        while True:
            is_later = {"filter": "filter:tasks:updated_at", "operator": "greater_or_equal", "type": "Datetime"}
            filters = {"conjunction": "and", "items": [{**is_later, "value": since.strftime(_TIME)}]}
            page = self._page(n_page, {"filters": filters, "ordering": ["tasks:updated_at"]}, fields="all")
            yield page
            if len(page) < PAGE_SIZE:
                return
            last = time_in(page[-1], "updated_at", "a task of Label Studio") or since
            n_page, since = (n_page + 1, since) if last <= since else (1, last)

    def _page(self, number: int, query: Mapping[str, Any], *, fields: str) -> list[Mapping[str, Any]]:
        asked = {"project": self._project, "page": number, "page_size": PAGE_SIZE, "fields": fields}
        answer = self._get("/api/tasks/", **asked, query=json.dumps(query), may_lack=number > 1)
        if answer is None:
            # The page before was the last, and full.
            return []
        found = object_in(answer, "the list of tasks")
        if "tasks" not in found:
            raise LabelStudioError(f"{self._url} lists no tasks; is it Label Studio 1.6 or later?")
        return [object_in(task, "a task of Label Studio") for task in objects_in(found, "tasks", "the list of tasks")]

    def import_tasks(self, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Add tasks, once: what may have arrived although no answer came is for the caller to look up.

        Raises: LabelStudioError; `Uncertain` where nobody knows whether they were added.
        """
        self._sent("POST", f"/api/projects/{self._project}/import", content=json.dumps(list(tasks)).encode())

    def _get(self, path: str, *, may_lack: bool = False, **asked: object) -> Any:
        """What a route says, after another try or three where the server fails."""
        for pause in (*_PAUSES_S, None):
            try:
                answer = self._sent("GET", path, params={name: str(value) for name, value in asked.items()})
            except Uncertain:
                if pause is None:
                    raise
                self._pause(pause)
                continue
            except LabelStudioRefusal as error:
                if may_lack and error.status in (403, 404):
                    return None
                raise
            return answer
        raise AssertionError("unreachable")

    def _sent(self, method: str, path: str, *, is_again: bool = False, **asked: Any) -> Any:
        headers = {"Authorization": self._authorization(), "Content-Type": "application/json"}
        try:
            with self._client.stream(method, f"{self._url}{path}", headers=headers, **asked) as answer:
                status, content = answer.status_code, _content_of(answer)
        except httpx.HTTPError as error:
            raise Uncertain(
                f"{self._url} does not answer ({type(error).__name__}: {without_secrets(str(error))})"
            ) from None
        if status == 401 and self._is_personal and not is_again:
            # What a personal token is exchanged for lasts for minutes.
            self._header = ""
            return self._sent(method, path, is_again=True, **asked)
        self._require_success(status, content, path)
        return self._json(content, path)

    def _require_success(self, status: int, content: bytes, path: str) -> None:
        """Raises: LabelStudioError, of a kind by status."""
        if 200 <= status < 300:
            return
        if status in _AGAIN:
            raise Uncertain(f"{self._url} answered {status} to {path}; try again later")
        said = {
            401: "does not know the token; set LABEL_STUDIO_API_KEY to one of your account that is switched on",
            403: "does not let this account do that; give it the project",
            404: f"has no project {self._project} for this account; give the number in the project's address",
        }.get(status, f"answered {status}: {_detail(content)}")
        if 300 <= status < 400:
            said = f"answered {status}, and redirects are not followed; give the address that it goes by"
        raise LabelStudioRefusal(f"{self._url} {said}", status)

    def _json(self, content: bytes, path: str) -> Any:
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise LabelStudioError(
                f"{self._url} answers no JSON to {path}; is this the address of Label Studio?"
            ) from error

    @property
    def _is_personal(self) -> bool:
        return self._token.count(".") == 2

    def _authorization(self) -> str:
        if not self._is_personal:
            return f"Token {self._token}"
        if not self._header:
            try:
                answer = self._client.post(f"{self._url}/api/token/refresh/", json={"refresh": self._token})
            except httpx.HTTPError as error:
                raise Uncertain(f"{self._url} does not answer ({type(error).__name__})") from None
            self._require_success(answer.status_code, answer.content, "/api/token/refresh/")
            access = text_in(object_in(self._json(answer.content, "/api/token/refresh/"), "the token"), "access", "it")
            keep_secret(access or "")
            self._header = f"Bearer {access}"
        return self._header


class LabelStudioRefusal(LabelStudioError):
    """The server understood and said no, with a status."""

    def __init__(self, said: str, status: int) -> None:
        super().__init__(said)
        self.status = status


class Uncertain(LabelStudioError):
    """No answer came, or one that says nothing of what was done."""


def _checked_url(url: str) -> str:
    try:
        parsed = httpx.URL(url.rstrip("/"))
    except httpx.InvalidURL:
        raise InvalidInput("the address of Label Studio is no URL; write http://host:port") from None
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo or parsed.query or parsed.fragment:
        raise InvalidInput(
            "the address of Label Studio must be http or https with a host, and without a login or anything after it"
        )
    return str(parsed)


def _content_of(answer: httpx.Response) -> bytes:
    content = bytearray()
    for part in answer.iter_bytes():
        content += part
        if len(content) > _MOST_BYTES:
            raise LabelStudioError(f"an answer of Label Studio has more than {_MOST_BYTES:,} bytes, which are not read")
    return bytes(content)


def _detail(content: bytes) -> str:
    """What an error of Label Studio says, in short."""
    try:
        said = json.loads(content)
        return ascii(said.get("validation_errors") or said.get("detail"))[:300]
    except (ValueError, AttributeError, RecursionError):
        return "no reason"
