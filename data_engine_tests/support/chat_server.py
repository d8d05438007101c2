"""A small server with the chat and batch routes, which answers well, or fails as a test says.

Every behaviour is one entry of `todo`, used for one request each; without any the server answers well.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CLASSES = ("baking", "sailing")
KEY = "sk-0123456789abcdef0123456789abcdef"


def class_of(text: str) -> str:
    """What the server thinks of a sample."""
    return "sailing" if "boat" in text else "baking"


class ChatServer:
    """What the server was asked, and what goes wrong next."""

    def __init__(self) -> None:
        self.url = ""
        self.todo: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.at: list[float] = []
        self.logprobs = True
        self.usage = True
        self.answer: Callable[[str, dict[str, Any]], str] = lambda text, body: class_of(text)
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.batch_status = "completed"
        self.n_at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    def completion(self, body: dict[str, Any]) -> dict[str, Any]:
        message = body["messages"][-1]["content"]
        text = message if isinstance(message, str) else "".join(part.get("text", "") for part in message)
        inside = re.search(r"<sample-(\w+)>\n?(.*?)\n?</sample-\1>", text, re.DOTALL)
        label = self.answer(inside[2] if inside else text, body)
        content = json.dumps({"answer": label})
        choice: dict[str, Any] = {"message": {"content": content}, "finish_reason": "stop"}
        if self.logprobs and body.get("logprobs"):
            tokens = [('{"answer": "', -0.5), (label, -0.01), ('"}', 0.0)]
            choice["logprobs"] = {"content": [{"token": token, "logprob": value} for token, value in tokens]}
        made: dict[str, Any] = {"choices": [choice]}
        if self.usage:
            made["usage"] = {"prompt_tokens": 100, "completion_tokens": 10}
        return made


def _batch(server: ChatServer, asked: dict[str, Any]) -> dict[str, Any]:
    lines = [json.loads(line) for line in server.files[asked["input_file_id"]].splitlines()]
    answered = [
        {"custom_id": row["custom_id"], "response": {"status_code": 200, "body": server.completion(row["body"])}}
        for row in lines
    ]
    name = f"batch-{len(server.batches)}"
    server.files[f"out-{name}"] = "".join(json.dumps(row) + "\n" for row in answered).encode()
    server.batches[name] = {"id": name, "metadata": asked["metadata"], "output_file_id": f"out-{name}"}
    return server.batches[name]


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def log_message(self, *_: object) -> None:
        """Nothing is written."""

    def do_GET(self) -> None:
        chat: ChatServer = self.server.chat
        path = self.path.partition("?")[0]
        if path.endswith("/content"):
            self._send(200, chat.files[path.split("/")[-2]])
        elif path == "/v1/batches":
            rows = [{**batch, "status": chat.batch_status} for batch in chat.batches.values()]
            self._send(200, json.dumps({"data": rows, "has_more": False}).encode())
        else:
            batch = {**chat.batches[path.split("/")[-1]], "status": chat.batch_status}
            self._send(200, json.dumps(batch).encode())

    def do_POST(self) -> None:
        chat: ChatServer = self.server.chat
        content = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/v1/files":
            name = f"file-{len(chat.files)}"
            chat.files[name] = content[content.index(b"\r\n\r\n{") + 4 : content.rindex(b"\r\n--")].strip()
            self._send(200, json.dumps({"id": name}).encode())
            return
        with chat.lock:
            chat.at.append(time.monotonic())
            chat.headers.append(dict(self.headers))
            chat.bodies.append(json.loads(content))
            act = chat.todo.pop(0) if chat.todo else "well"
            chat.n_at_once += 1
            chat.most_at_once = max(chat.most_at_once, chat.n_at_once)
        try:
            self._act(chat, act, chat.bodies[-1] if self.path == "/v1/batches" else json.loads(content))
        finally:
            with chat.lock:
                chat.n_at_once -= 1

    def _act(self, chat: ChatServer, act: str, body: dict[str, Any]) -> None:
        if self.path == "/v1/batches":
            made = _batch(chat, body)
            if act == "lost":
                self.close_connection = True
                return
            self._send(200, json.dumps(made).encode())
            return
        well = json.dumps(chat.completion(body)).encode()
        kind, _, value = act.partition(" ")
        if kind == "stall":
            time.sleep(float(value))
            self._send(200, well)
        elif kind == "trickle":
            self.send_response(200)
            self.end_headers()
            for _ in range(20):
                self.wfile.write(b" ")
                self.wfile.flush()
                time.sleep(float(value))
        elif kind == "break":
            self.send_response(200)
            self.send_header("Content-Length", str(len(well) + 100))
            self.end_headers()
            self.wfile.write(well[:20])
            self.close_connection = True
        elif kind == "drop":
            self.close_connection = True
        elif kind == "raw":
            self._send(200, value.encode())
        elif kind == "say":
            self._send(200, json.dumps({"choices": [json.loads(value)], "usage": {}}).encode())
        elif kind == "status":
            status, _, after = value.partition(" ")
            self._send(int(status), json.dumps({"error": {"message": f"no {KEY}"}}).encode(), after)
        else:
            self._send(200, well)

    def _send(self, status: int, content: bytes, retry_after: str = "") -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            if retry_after:
                self.send_header("Retry-After", retry_after)
            self.end_headers()
            self.wfile.write(content)
        except OSError:
            # The client has given up.
            self.close_connection = True


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """A server on a free port of this machine."""
    http = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    http.daemon_threads = True
    chat = ChatServer()
    http.chat = chat  # type: ignore[attr-defined]
    chat.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield chat
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
