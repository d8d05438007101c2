"""Events of OpenLineage, held against the classes of its library, and sent to a file as the library is configured."""

import json
from datetime import UTC, datetime
from pathlib import Path

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
    monkeypatch.setattr(open_lineage, "_client", lambda: (_ for _ in ()).throw(ImportError("no openlineage")))
    emit(["notes", "release"], **_SAID, run_id="not-a-uuid", n_rows=3)
    assert 'pip install "data-engine[openlineage]"' in caplog.text
