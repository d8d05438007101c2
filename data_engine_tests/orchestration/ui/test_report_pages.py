import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from written_steps import notes_runtime

from data_engine.orchestration.ui.report_pages import ADDRESS, report_url, serve


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for corpus in ("notes", "letters_2"):
        (tmp_path / "data" / corpus / "reports").mkdir(parents=True)
        (tmp_path / "data" / corpus / "reports" / "report.html").write_text(f"<p>{corpus} ü</p>", "utf-8")
    (tmp_path / "data" / "review.db").write_text("answers", "utf-8")
    return tmp_path / "data"


@pytest.fixture
def address(data: Path) -> Iterator[str]:
    listening = socket.create_server(("127.0.0.1", 0))
    server = serve(listening, data)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def _get(url: str, host: str | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Host": host} if host else {})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, ""


def test_the_report_of_each_corpus_is_served_as_it_is_now(address: str, data: Path) -> None:
    assert _get(f"{address}/notes/report.html") == (200, "<p>notes ü</p>")
    assert _get(f"{address}/letters_2/report.html") == (200, "<p>letters_2 ü</p>")
    (data / "notes" / "reports" / "report.html").write_text("of a later run", "utf-8")
    assert _get(f"{address}/notes/report.html") == (200, "of a later run")


@pytest.mark.parametrize(
    "path",
    ["/", "/review.db", "/other/report.html", "/notes/", "/../report.html", "/notes/../../review.db", "//report.html"],
)
def test_nothing_else_is_served(address: str, path: str) -> None:
    assert _get(address + path) == (404, "")


def test_a_page_of_another_site_that_reaches_this_machine_by_its_own_name_gets_nothing(address: str) -> None:
    assert _get(f"{address}/notes/report.html", host="evil.example:3000") == (404, "")
    assert _get(f"{address}/notes/report.html", host="localhost:3000")[0] == 200


_STARTS = """
import sys
from pathlib import Path
from data_engine.orchestration.ui.report_pages import start_server
print(start_server(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


def test_the_server_lives_as_long_as_the_process_that_started_it(data: Path) -> None:
    starter = subprocess.Popen(
        [sys.executable, "-c", _STARTS, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout is not None
    url = f"{starter.stdout.readline().strip()}/notes/report.html"
    assert _get(url) == (200, "<p>notes ü</p>")
    starter.kill()
    starter.communicate()
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            _get(url)
        except urllib.error.URLError:
            return
        time.sleep(0.1)
    pytest.fail(f"{url} is served by nobody's server")


def test_a_link_is_given_only_while_a_ui_runs_that_serves_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = notes_runtime(tmp_path)
    monkeypatch.delenv(ADDRESS, raising=False)
    assert report_url(runtime) == ""
    monkeypatch.setenv(ADDRESS, "http://127.0.0.1:5000")
    assert report_url(runtime) == "http://127.0.0.1:5000/notes/report.html"
