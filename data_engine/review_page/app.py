"""The application of the review page: its routes, its files, and which error is which status.

Serving it is in `server.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse

from data_engine.errors import DataEngineError, InvalidInput, LeaseLost, NotFound, SourceError, UnknownLabel
from data_engine.review.people.person_queue import PersonQueue
from data_engine.review_page import batch_routes, exchange_routes, mask_routes, people_routes, task_routes
from data_engine.review_page.access import person_of_request
from data_engine.review_page.limits import RequestLimits
from data_engine.review_page.page_corpus import PageCorpus
from data_engine.review_page.page_state import PageState
from data_engine.shipped import shipped_look

_STATIC = Path(__file__).resolve().parent / "static"
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_STATUS: tuple[tuple[type[DataEngineError], int], ...] = (
    (NotFound, 404),
    (SourceError, 404),
    (LeaseLost, 409),
    (InvalidInput, 422),
    (UnknownLabel, 422),
    (DataEngineError, 503),
)


def create_app(
    queue: PersonQueue,
    corpora: Iterable[PageCorpus],
    *,
    hosts: Iterable[str] = ("127.0.0.1", "localhost"),
    clock: Callable[[], datetime] | None = None,
) -> FastAPI:
    """The page and its API over a queue.

    Args:
        queue: Where tasks are; it stays the caller's to close.
        corpora: Whose questions are answered.
        hosts: Names that requests may address.
        clock: The time of now, in UTC; the queue's own where none is given.
    """
    app = FastAPI(title="data-engine review", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    clock = clock or queue.clock
    app.state.page = PageState(queue, {corpus.name: corpus for corpus in corpora}, clock)
    app.state.person = person_of_request(queue, clock)
    for routes in (task_routes, mask_routes, batch_routes, exchange_routes, people_routes):
        app.include_router(routes.router)
    for path, (media_type, content) in page_files().items():
        app.add_api_route(path, _file(media_type, content), include_in_schema=False)
    app.add_exception_handler(DataEngineError, _engine_error)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(StarletteHTTPException, _http_error)
    app.add_middleware(RequestLimits, hosts=tuple(hosts))
    return app


def page_files() -> Mapping[str, tuple[str, bytes]]:
    """Path, media type and content of every file of the page; there is nothing else to be had, whatever is asked."""
    files = {
        f"/{path.name}": (_TYPES[path.suffix], path.read_bytes())
        for path in sorted(_STATIC.iterdir())
        if path.suffix in _TYPES
    }
    files["/look.css"] = (_TYPES[".css"], shipped_look().read_bytes())
    return {"/": files.pop("/index.html"), **files}


def _file(media_type: str, content: bytes) -> Callable[[], Response]:
    def file() -> Response:
        return Response(content, media_type=media_type)

    return file


def _engine_error(_: Request, error: Exception) -> Response:
    status = next(status for kind, status in _STATUS if isinstance(error, kind))
    return JSONResponse({"error": str(error)}, status)


def _malformed(_: Request, error: Exception) -> Response:
    """What is wrong where, without what was sent."""
    mistakes = error.errors() if isinstance(error, RequestValidationError) else []
    said = [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in mistakes]
    return JSONResponse({"error": "; ".join(said)[:1000].encode("ascii", "backslashreplace").decode()}, 422)


def _http_error(_: Request, error: Exception) -> Response:
    found = error if isinstance(error, StarletteHTTPException) else HTTPException(500)
    return JSONResponse({"error": found.detail}, found.status_code, found.headers)
