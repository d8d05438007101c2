"""A store of buckets for the tests: moto's, one request after the other, on a free port of this host.

It is a process of its own, because Delta holds Python's lock while it waits for an answer.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_App = Callable[[dict[str, Any], Any], Any]


@contextmanager
def bucket_server(*, keeps_conditions: bool = True) -> Iterator[str]:
    """Start a store; gives its URL. One that keeps no conditions of writes is like some that are about."""
    command = [sys.executable, __file__, "" if keeps_conditions else "ignore"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def _ignoring_conditions(app: _App) -> _App:
    def ignoring(environ: dict[str, Any], start_response: Any) -> Any:
        environ.pop("HTTP_IF_NONE_MATCH", None)
        environ.pop("HTTP_IF_MATCH", None)
        return app(environ, start_response)

    return ignoring


def _serve(how: str) -> None:
    """Serve until the standard input ends, so that no store outlives the tests."""
    import threading

    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, type: str, message: str, *args: Any) -> None:
            pass

    app: Any = DomainDispatcherApplication(create_backend_app)
    app = _ignoring_conditions(app) if how == "ignore" else app
    server = make_server("127.0.0.1", 0, app, threaded=False, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"http://127.0.0.1:{server.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    _serve(sys.argv[1])
