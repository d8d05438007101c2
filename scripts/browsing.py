"""Looking at the Dagster UI as a person would: serve it on a free port, open it in headless Chromium, stop it."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def served_ui(home: Path, *, seconds_to_start: float = 180) -> Iterator[str]:
    """`data-engine ui` on a free port of 127.0.0.1, over the runs in a Dagster home; stopped at the end.

    Yields: its address. Raises: RuntimeError when it stops early or does not answer in time, with what it said.
    """
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "DAGSTER_HOME": str(home), "DATA_ENGINE_PROJECT": str(PROJECT)}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-c", "from data_engine.cli import main; main()", "ui", "--port", str(port)],
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            if not _answers(address, process, seconds_to_start):
                said.seek(0)
                tail = said.read().decode(errors="replace")[-3000:]
                raise RuntimeError(f"the UI did not answer at {address} within {seconds_to_start:g} s:\n{tail}")
            yield address
        finally:
            _stop(process)


@contextmanager
def served_review(corpus: str, n_tasks: int = 60) -> Iterator[str]:
    """The review page of a corpus on a free port, with a batch for people that is opened where none waits.

    Yields: its link. Raises: RuntimeError when it ends before it prints one.
    """
    command = ["-m", "data_engine.cli", "review", "--corpus", corpus, "--annotator", "maria", "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, *command, "--ask", str(n_tasks)],
        cwd=PROJECT,
        env={**os.environ, "DATA_ENGINE_PROJECT": os.environ.get("DATA_ENGINE_PROJECT", str(PROJECT))},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        lines = iter(process.stdout.readline, "")
        link = next((line.split()[-1] for line in lines if line.startswith("Review page: ")), None)
        if link is None:
            raise RuntimeError(f"the review page of {corpus} did not start; run data-engine run {corpus} first")
        yield link
    finally:
        _stop(process)
        process.communicate()


def chromium() -> str:
    """Where Chromium is. Raises: RuntimeError when there is none on the PATH."""
    executable = next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)
    if executable is None:
        raise RuntimeError(
            f"Chromium is needed and none of {', '.join(CHROMIUM_NAMES)} is on the PATH; install the package chromium"
        )
    return executable


@contextmanager
def opened_browser(*, width: int = 1400, height: int = 900) -> Iterator[Any]:
    """A page of headless Chromium with a profile of its own.

    Raises: RuntimeError when there is no Chromium on the PATH.
    """
    from playwright.sync_api import sync_playwright

    executable = chromium()
    with tempfile.TemporaryDirectory() as profile, sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=executable,
            args=list(CHROMIUM_OPTIONS),
            viewport={"width": width, "height": height},
            color_scheme="light",
        )
        try:
            yield context.pages[0]
        finally:
            context.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(address: str, process: "subprocess.Popen[bytes]", seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/server_info", timeout=5):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def _stop(process: "subprocess.Popen[Any]") -> None:
    """End the UI with everything that it started: they share the process group."""
    for sign, seconds in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, sign)
            process.wait(seconds)
            time.sleep(0.3)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue
