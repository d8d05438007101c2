"""The simulated foundation model: a server on this machine that answers from labels known beforehand, with errors.

For demos and tests. What it decides has the provenance `simulated`, and everything about it says what it is.
"""

import hashlib
import json
import math
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from data_engine.labeling.simulated import SimulatedLabeller

_MARK = re.compile(r"<sample-(\w+)>")
#: Confidence of a right answer and of a wrong one, each up to this much more.
_RIGHT, _WRONG, _MORE = 0.9, 0.5, 0.09


@contextmanager
def simulated_foundation_model(
    truths: Mapping[str, str], classes: Sequence[str], *, error_rate: float, seed: int
) -> Iterator[str]:
    """The address of a server that says of a sample the class known beforehand, or a wrong one.

    The same sample always gets the same answer. A right one is surer than a wrong one: 0.9 to 0.99 against 0.5 to 0.59.

    Args:
        truths: the mark of a text or image, see `prompt.Content`, to its class; what is not there gets the first one.
        classes: all classes.
        error_rate: share of the samples that it gets wrong.
        seed: of the errors.
    """
    labeller = SimulatedLabeller("simulated foundation model", error_rate, seed)

    def completion(body: Mapping[str, Any]) -> dict[str, Any]:
        content = body["messages"][-1]["content"]
        found = _MARK.match(content if isinstance(content, str) else content[0]["text"])
        mark = found[1] if found else ""
        key = hashlib.sha256(mark.encode()).hexdigest()
        known = truths.get(mark)
        number = labeller.answer(key, 0 if known is None else classes.index(known), len(classes), None)
        base = _RIGHT if classes[number] == known else _WRONG
        confidence = base + _MORE * int(key[:8], 16) / 2**32
        return _completion(json.dumps(classes[number], ensure_ascii=False), confidence, body)

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing is written."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            content = json.dumps(completion(body)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()


def _completion(quoted: str, confidence: float, body: Mapping[str, Any]) -> dict[str, Any]:
    n_read = len(json.dumps(body["messages"])) // 4
    tokens = [('{"answer": ', 0.0), (quoted, math.log(confidence)), ("}", 0.0)]
    return {
        "choices": [
            {
                "message": {"content": "".join(token for token, _ in tokens)},
                "finish_reason": "stop",
                "logprobs": {"content": [{"token": token, "logprob": value} for token, value in tokens]},
            }
        ],
        "usage": {"prompt_tokens": n_read, "completion_tokens": len(tokens)},
    }
