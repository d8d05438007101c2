"""What every request is held against, whatever it asks: the host that it names, its size; and the headers of answers.

Who may ask is in `access.py`.
"""

import re
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY_BYTES = 64 * 1024
MOST_ANSWER_BYTES = 4 * 1024 * 1024
"""Of what holds an answer, which may be the outlines of many objects."""

_HOLDS_ANSWER = re.compile(r"/api/v1/(annotations(/[^/]*/reopen)?|tasks/[^/]*/(draft|mask)|batches/[^/]*/decisions)")
_MOST_DIGITS = 20

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class RequestLimits:
    """Refuses foreign hosts and large bodies, and puts the same headers on every answer.

    Args:
        app: What answers.
        hosts: The names that a request may address, without port; another one is a page that poses as this one.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
            await send(message)

        headers = {name: value for name, value in scope["headers"] if name in (b"host", b"content-length")}
        if _host_of(headers.get(b"host", b"")) not in self._hosts:
            await _refused(400, "this page does not go by that host name")(scope, receive, with_headers)
            return
        announced = headers.get(b"content-length", b"0")
        most = MOST_ANSWER_BYTES if _HOLDS_ANSWER.fullmatch(scope["path"]) else MOST_BODY_BYTES
        if not announced.isdigit() or len(announced) > _MOST_DIGITS or int(announced) > most:
            await _too_large(most)(scope, receive, with_headers)
            return
        await self._within_size(scope, receive, with_headers, most)

    async def _within_size(self, scope: Scope, receive: Receive, send: Send, most: int) -> None:
        """Read the body, which is small, and go on with it; what is longer than announced is not read to its end."""
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > most:
                await _too_large(most)(scope, receive, send)
                return
        is_given = False

        async def given() -> Message:
            nonlocal is_given
            if is_given:
                return await receive()
            is_given = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self._app(scope, given, send)


def _host_of(header: bytes) -> str:
    """The name in a Host header, without its port; brackets of an IPv6 address stay."""
    text = header.decode("latin-1").lower()
    end = text.rfind("]") + 1
    return text[:end] + text[end:].partition(":")[0]


def _too_large(most: int) -> JSONResponse:
    return _refused(413, f"a request like this has at most {most:,} bytes")


def _refused(status: int, why: str) -> JSONResponse:
    return JSONResponse({"error": why}, status)
