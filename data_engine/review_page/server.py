"""The process that serves the review page: one port, until it is stopped or the process that started it is gone.

The application is made in `app.py`.
"""

import errno
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from data_engine.errors import InvalidInput

_LOOK_EVERY_S = 0.5
_LAST_REQUESTS_S = 3


@contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A socket that listens; port 0 takes a free one. Raises: InvalidInput where it cannot be had."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            why = "is in use; stop what runs there, or" if error.errno == errno.EADDRINUSE else f"({error.strerror});"
            raise InvalidInput(f"port {port} of {host} {why} give another one with --port") from error
        listener.listen(128)
        yield listener


def serve(
    app: ASGIApp,
    listener: socket.socket,
    *,
    started: Callable[[], object] = lambda: None,
) -> None:
    """Answer requests until the process is told to stop; requests that have begun come to their end.

    Args:
        app: What answers.
        listener: Listens already.
        started: Called once requests are answered.
    """
    settings: dict[str, Any] = {"log_level": "warning", "access_log": False, "server_header": False, "lifespan": "off"}
    # Whoever could say where a request is from would have as many tries at tokens as they name addresses.
    settings["proxy_headers"] = False
    server = uvicorn.Server(uvicorn.Config(app, timeout_graceful_shutdown=_LAST_REQUESTS_S, **settings))
    threading.Thread(target=_call_when_started, args=(server, started), daemon=True).start()
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def _call_when_started(server: uvicorn.Server, started: Callable[[], object]) -> None:
    while not server.started and not server.should_exit:
        time.sleep(0.01)
    if server.started:
        started()


def end_with(parent: int) -> None:
    """End this process, from now on, as soon as the process that started it is gone; it loses nothing by that."""
    # A shell that starts a program in the background has it ignore interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Thread(target=_wait_for_end, args=(parent,), daemon=True).start()


def _wait_for_end(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_LOOK_EVERY_S)
    os._exit(0)
