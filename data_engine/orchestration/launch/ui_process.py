"""The process of `data-engine ui`: it becomes Dagster's own, once nothing else has its port or its Dagster home.

Finding the project is in `project_folder.py`.
"""

import errno
import fcntl
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from data_engine.errors import InvalidInput
from data_engine.orchestration.launch.project_folder import find_project_folder
from data_engine.orchestration.ui.report_pages import ADDRESS, start_server


def become_ui(start: Path, port: int, review_port: int, *, say: Callable[[str], None]) -> None:
    """Replace this process by Dagster's UI and daemon for the project around a folder; does not return.

    The review page is served beside it, by a process that prints its own line and ends with this one.

    Raises: InvalidInput without a workspace.yaml, for a port that cannot be had, or where the project's UI runs.
    """
    folder = find_project_folder(start)
    if not (folder / "workspace.yaml").is_file():
        raise InvalidInput(
            f"the project {folder} has no workspace.yaml for Dagster to load; copy the engine's own there"
        )
    require_free(port)
    hold_home(Path(os.environ["DAGSTER_HOME"]), port)
    start_review_page(folder, review_port)
    os.environ[ADDRESS] = start_server(os.environ.get("DATA_ENGINE_DATA") or folder / "data")
    say(f"Dagster UI: http://127.0.0.1:{port}  (stop with Ctrl-C)")
    os.chdir(folder)
    # A shell that starts a program in the background has it ignore interrupts, and it would hand that on to the two
    # processes that Dagster ends by an interrupt.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    command = [sys.executable, "-m", "dagster", "dev", "-w", str(folder / "workspace.yaml")]
    # In the place of this process, so that a signal reaches Dagster itself.
    os.execv(sys.executable, [*command, "-h", "127.0.0.1", "-p", str(port)])


def start_review_page(folder: Path, port: int) -> "subprocess.Popen[bytes]":
    """The review page of a project in a process of its own, which ends when this one does."""
    command = [sys.executable, "-m", "data_engine.cli", "review", "--port", str(port)]
    return subprocess.Popen([*command, "--beside-ui", str(os.getpid())], cwd=folder, stdin=subprocess.DEVNULL)


def require_free(port: int) -> None:
    """Raises: InvalidInput where the port of this machine is taken, or not for everybody."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            why = "is in use; stop what runs there, or" if error.errno == errno.EADDRINUSE else f"({error.strerror});"
            raise InvalidInput(f"port {port} {why} give another one with --port") from error


def hold_home(home: Path, port: int) -> int:
    """Keep the Dagster home for the UI of this process, and of what it becomes, as long as that lives.

    Dagster takes half a minute until its port is taken, and two daemons of one home would do everything twice.

    Returns: the file that holds it. Raises: InvalidInput where another UI has it, naming its process and port.
    """
    held = os.open(home / "ui.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        other = os.pread(held, 100, 0).decode("utf-8", "replace").strip() or "just started"
        os.close(held)
        raise InvalidInput(
            f"the UI of {home} starts or runs already ({other}); open that one, or stop it first"
        ) from error
    os.ftruncate(held, 0)
    os.pwrite(held, f"process {os.getpid()}, port {port}\n".encode(), 0)
    os.set_inheritable(held, True)
    return held
