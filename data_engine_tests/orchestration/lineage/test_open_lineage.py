"""Events of OpenLineage, held against the classes of its library, and sent to a file as the library is configured."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from openlineage.client.serde import Serde

from data_engine.orchestration.lineage import open_lineage
from data_engine.orchestration.lineage.open_lineage import emit, event_of, is_configured

NOW = datetime(2026, 3, 1, tzinfo=UTC)
_RUN = "0195f3a2-0000-4000-8000-000000000001"
_SAID = {"types": {"label": "string", "split": "string"}, "sources": {"label": [("labels", "label")], "split": []}}


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No configuration of the machine, and a client for each test."""
    open_lineage._client.cache_clear()
    open_lineage._pause.end()
    for name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG", "OPENLINEAGE_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def test_an_event_has_job_run_inputs_and_the_columns_of_its_output() -> None:
    event = json.loads(Serde.to_json(event_of(["notes", "release"], **_SAID, run_id=_RUN, n_rows=3, now=NOW)))
    assert (event["eventType"], event["eventTime"]) == ("COMPLETE", "2026-03-01T00:00:00+00:00")
    assert event["job"] == {"namespace": "data-engine", "name": "notes.release", "facets": {}}
    assert [each["name"] for each in event["inputs"]] == ["notes.labels"]
    (output,) = event["outputs"]
    assert output["outputFacets"]["outputStatistics"]["rowCount"] == 3
    assert [each["name"] for each in output["facets"]["schema"]["fields"]] == ["label", "split"]
    (field,) = output["facets"]["columnLineage"]["fields"].items()
    assert field[0] == "label"
    named = field[1]["inputFields"][0]
    assert (named["namespace"], named["name"], named["field"]) == ("data-engine", "notes.labels", "label")
    assert "ColumnLineageDatasetFacet.json" in output["facets"]["columnLineage"]["_schemaURL"]
    # Another asset of the same run of Dagster is another run, and the same asset is the same.
    again = event_of(["notes", "labels"], **_SAID, run_id=_RUN, n_rows=3, now=NOW)
    assert again.run.runId != event["run"]["runId"]
    assert event_of(["notes", "release"], **_SAID, run_id=_RUN, n_rows=3, now=NOW).run.runId == event["run"]["runId"]


def test_without_configuration_nothing_is_sent_and_with_a_file_every_event_is_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not is_configured()
    emit(["notes", "release"], **_SAID, run_id=_RUN, n_rows=3)
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(tmp_path / "events.jsonl"))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    assert is_configured()
    for _ in range(2):
        emit(["notes", "release"], **_SAID, run_id=_RUN, n_rows=3)
    lines = (tmp_path / "events.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["job"]["name"] for line in lines] == ["notes.release"] * 2
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    assert not is_configured()


def test_a_transport_that_fails_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "openlineage.yml").write_text(
        "transport: {type: file, log_file_path: /nowhere/at/all/events.jsonl, append: true}\n", "utf-8"
    )
    assert is_configured()
    emit(["notes", "release"], **_SAID, run_id=_RUN, n_rows=3)
    assert "the OpenLineage event of notes/release was not sent" in caplog.text
    caplog.clear()
    open_lineage._pause.end()
    monkeypatch.setattr(open_lineage, "_client", lambda: (_ for _ in ()).throw(ImportError("no openlineage")))
    emit(["notes", "release"], **_SAID, run_id="not-a-uuid", n_rows=3)
    assert 'pip install "data-engine[openlineage]"' in caplog.text


@contextmanager
def _catalogue(status: int, waits_s: float) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """A server on this machine that answers with a status, its address and what it was sent: path and job."""
    sent: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            sent.append((self.path, event["job"]["name"]))
            time.sleep(waits_s)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", sent
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("status", "waits_s", "is_there", "why"),
    [(200, 0, True, ""), (500, 0, True, "500"), (200, 0.4, True, "timed out"), (200, 0, False, "refused")],
)
def test_events_go_over_http_and_a_catalogue_that_is_down_slow_or_broken_is_asked_once_and_told_of(
    status: int, waits_s: float, is_there: bool, why: str, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    with _catalogue(status, waits_s) as (url, sent):
        named = {
            "TYPE": "http",
            "URL": url if is_there else "http://127.0.0.1:9",
            "TIMEOUT": "0.1",
            "RETRY": '{"total": 0}',
        }
        for name, value in named.items():
            monkeypatch.setenv(f"OPENLINEAGE__TRANSPORT__{name}", value)
        for _ in range(3):
            emit(["notes", "release"], **_SAID, run_id=_RUN, n_rows=3)
    n = 3 * (not why) or int(is_there)
    assert sent == [("/api/v1/lineage", "notes.release")] * n
    told = [record.getMessage() for record in caplog.records if record.name == open_lineage.__name__]
    assert len(told) == bool(why)
    assert all(why in said and "nor will any be in the next 5 minutes" in said for said in told)
    # After the pause it is tried again.
    monkeypatch.setattr(open_lineage.time, "monotonic", lambda: float("inf"))
    assert not open_lineage._pause.lasts()
