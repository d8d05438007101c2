"""Serves the reports of a project's corpora beside the Dagster UI, so that a link in the UI opens them.

A browser opens no file from a page of a server, so reports need an address of their own. It is that of the UI which
runs: `data-engine ui` starts this server with it and puts the address into the environment of what loads the graph.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from data_engine.places.place import place
from data_engine.runtime.corpus_runtime import CorpusRuntime

#: Holds the address of the server while a UI runs.
ADDRESS = "DATA_ENGINE_REPORTS_URL"
_PAGE = re.compile(r"/([a-z][a-z0-9_]{0,62})/report\.html")
_HERE = ("127.0.0.1", "localhost")


def report_url(runtime: CorpusRuntime) -> str:
    """Where the running UI serves the report of a corpus; empty where no UI runs that does."""
    address = os.environ.get(ADDRESS)
    return f"{address}/{runtime.corpus.name}/report.html" if address else ""


def start_server(data_folder: str | Path) -> str:
    """Start the server in a process of its own, which ends when this one does, whatever this one becomes.

    Returns: its address, on a free port of this machine.
    """
    with socket.create_server((_HERE[0], 0)) as listening:
        reads, writes = os.pipe()
        command = [sys.executable, "-m", __name__, str(listening.fileno()), str(data_folder)]
        subprocess.Popen(command, stdin=reads, pass_fds=(listening.fileno(),))
        os.close(reads)
        # Nothing is ever written: the pipe ends with the last process that holds it, and so does the server.
        os.set_inheritable(writes, True)
        return f"http://{_HERE[0]}:{listening.getsockname()[1]}"


def serve(listening: socket.socket, data_folder: Path) -> ThreadingHTTPServer:
    """A server on a socket that listens already; it gives the report of each corpus, and nothing else."""

    class ReportHandler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Give a report; nothing to pages of other sites that reach this machine by another name."""
            found = _PAGE.fullmatch(self.path)
            host = (self.headers.get("Host") or "").rpartition(":")[0]
            page = data_folder / found[1] / "reports" / "report.html" if found and host in _HERE else None
            if page is None or not page.is_file():
                self.send_error(HTTPStatus.NOT_FOUND, "there is no such report; give data-engine run CORPUS")
                return
            content = page.read_bytes()
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing on the terminal of the UI."""

    server = ThreadingHTTPServer(listening.getsockname(), ReportHandler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    return server


def main() -> None:
    """Serve on the socket and the folder that the arguments name, until the input ends."""
    # Ctrl-C is for the UI, with which the input ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server = serve(socket.socket(fileno=int(sys.argv[1])), place(sys.argv[2]))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    main()
