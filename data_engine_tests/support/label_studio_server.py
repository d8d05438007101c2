"""A small server that behaves like Label Studio's API as far as the bridge uses it, and fails where a test says so.

`scripts/try_label_studio` tries the same against a real one.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlparse

TOKEN = "0123456789abcdef0123456789abcdef01234567"
PERSONAL = "eyJhbGciOi.eyJyZWZyZXNo.c2lnbmF0dXJl"
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


class Studio:
    """One project with its tasks, and what goes wrong next."""

    def __init__(self, classes: tuple[str, ...]) -> None:
        control = {
            "type": "Choices",
            "to_name": ["text"],
            "inputs": [{"type": "Text", "value": "text"}],
            "labels": list(classes),
        }
        self.settings: dict[str, Any] = {
            "id": 7,
            "parsed_label_config": {"label": control},
            "maximum_annotations": 1,
            "sampling": "Sequential sampling",
        }
        self.tasks: list[dict[str, Any]] = []
        self.users: list[dict[str, Any]] | int = [{"id": 3, "email": "ada@example.org"}]
        self.url = ""
        self.clock = datetime(2026, 5, 1, tzinfo=UTC)
        self.asked: list[str] = []
        self.todo: list[tuple[str, int | str]] = []
        self.n_refreshes = 0
        self.access = ""
        self.on_page: Any = None

    def tick(self) -> str:
        self.clock += timedelta(seconds=1)
        return self.clock.strftime(_TIME)

    def answer(self, number: int, label: str, *, by: int = 3) -> dict[str, Any]:
        """Somebody answers a task."""
        result = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": [label]}}
        task = self.tasks[number - 1]
        annotation = {
            "id": len(task["annotations"]) + 1,
            "completed_by": by,
            "result": [result],
            "was_cancelled": False,
        }
        task["annotations"].append(annotation)
        return self.touch(number, annotation)

    def touch(self, number: int, annotation: dict[str, Any]) -> dict[str, Any]:
        annotation["updated_at"] = self.tick()
        self.tasks[number - 1]["updated_at"] = self.tick()
        return annotation

    def add(self, documents: list[dict[str, Any]]) -> None:
        now = self.tick()
        for document in documents:
            base = {"id": len(self.tasks) + 1, "updated_at": now, "annotations": [], "meta": {}, "predictions": []}
            self.tasks.append({**base, **json.loads(json.dumps(document))})

    def listed(self, asked: dict[str, list[str]]) -> tuple[int, Any]:
        query, size, page = json.loads(asked["query"][0]), int(asked["page_size"][0]), int(asked["page"][0])
        found = list(self.tasks)
        for item in query.get("filters", {}).get("items", []):
            assert (item["filter"], item["operator"]) == ("filter:tasks:updated_at", "greater_or_equal")
            datetime.strptime(item["value"], _TIME)
            found = [task for task in found if task["updated_at"] >= item["value"]]
        key = {"tasks:updated_at": "updated_at", "tasks:id": "id"}[query["ordering"][0]]
        found.sort(key=lambda task: (task[key], task["id"]))
        shown = found[(page - 1) * size : page * size]
        if page > 1 and not shown:
            return 404, {"detail": "Invalid page."}
        answer = json.loads(json.dumps({"total": len(found), "tasks": shown}))
        if self.on_page is not None:
            self.on_page()
        return 200, answer


@contextmanager
def studio_server(classes: tuple[str, ...]) -> Iterator[Studio]:
    """A server with one project, number 7, of these choices."""
    studio = Studio(classes)
    may_end = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place = urlparse(self.path)
            asked = parse_qs(place.query)
            if self._goes_wrong(place.path):
                return
            if place.path == "/api/tasks/" and asked["project"] == ["7"]:
                self._say(*studio.listed(asked))
            elif place.path == "/api/projects/7/":
                self._say(200, studio.settings)
            elif place.path == "/api/users/":
                self._say(studio.users, {}) if isinstance(studio.users, int) else self._say(200, studio.users)
            else:
                self._say(404, {"detail": "No Project matches the given query."})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            place = urlparse(self.path).path
            if place == "/api/token/refresh/":
                studio.n_refreshes += 1
                studio.access = f"access-of-minute-{studio.n_refreshes}"
                is_known = body == {"refresh": PERSONAL}
                return self._say(200, {"access": studio.access}) if is_known else self._say(401, {"detail": "no"})
            what = next((each for each in studio.todo if each[0] == "added, then"), None)
            if what is not None:
                studio.add(body)
            if not self._goes_wrong(place):
                studio.add(body)
                self._say(201, {"task_count": len(body)})
            return None

        def _goes_wrong(self, place: str) -> bool:
            studio.asked.append(f"{self.command} {place}")
            said = self.headers.get("authorization")
            if said not in (f"Token {TOKEN}", f"Bearer {studio.access}" if studio.access else ""):
                self._say(401, {"detail": "Invalid token."})
                return True
            if not studio.todo or (studio.todo[0][0] not in (place, "any", "added, then")):
                return False
            if studio.todo[0][0] == "added, then" and self.command == "GET":
                return False
            _, what = studio.todo.pop(0)
            if what == "hang":
                may_end.wait(10)
            elif isinstance(what, int):
                self._say(what, {"detail": "it broke"})
            else:
                content = what.encode()
                self.send_response(200)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            return True

        def _say(self, status: int, answer: Any) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("location", f"{studio.url}/elsewhere")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that goes away in the middle is no error of a test."""

    server = Server(("127.0.0.1", 0), Handler)
    studio.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield studio
    finally:
        may_end.set()
        server.shutdown()
        server.server_close()
