from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from small_project import write_notes
from written_steps import notes_runtime

from data_engine.errors import SourceMissing
from data_engine.orchestration.automation import sensors
from data_engine.orchestration.automation.sensors import _unread
from data_engine.runtime.source_listing import batches_of
from data_engine.runtime.staleness import is_stale
from data_engine.runtime.step_run import execute
from data_engine.runtime.versions import step_versions


def test_every_sample_of_the_batch_is_a_row_and_the_ledger_names_its_place_or_its_error(tmp_path: Path) -> None:
    path = write_notes(tmp_path / "source", "may", 2, 0)
    with path.open("a", encoding="utf-8") as lines:
        lines.write("{broken\n")
    write_notes(tmp_path / "source", "june", 2, 1)
    runtime = notes_runtime(tmp_path)
    _, result = execute(runtime, "raw_index", "may.jsonl", run_id="run")
    assert result.table["uri"].to_pylist() == ["may.jsonl#1", "may.jsonl#2", "may.jsonl#3"]
    assert result.table["is_readable"].to_pylist() == [True, True, False]
    assert set(result.table["batch"].to_pylist()) == {"may.jsonl"}
    decided = runtime.store().read("ledger").to_pylist()
    reasons = {row["sample_id"]: row["reason"] for row in decided}
    assert [reasons[sample_id] for sample_id in result.table["sample_id"].to_pylist()[:2]] == [
        "may.jsonl#1",
        "may.jsonl#2",
    ]
    assert reasons[result.table["sample_id"][2].as_py()] == result.table["error"][2].as_py()


def test_a_batch_that_the_source_does_not_have_is_refused(tmp_path: Path) -> None:
    write_notes(tmp_path / "source", "may", 2, 0)
    with pytest.raises(SourceMissing, match=r"holds no file of batch 'june.jsonl' any more"):
        execute(notes_runtime(tmp_path), "raw_index", "june.jsonl", run_id="run")


def test_a_batch_that_could_not_be_read_for_a_reason_that_passes_is_read_again_and_then_is_up_to_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notes(tmp_path / "source", "may", 2, 0)
    runtime = notes_runtime(tmp_path)
    opened = Path.open

    def refuse(path: Path, *how: Any, **named: Any) -> Any:
        if path.suffix == ".jsonl":
            raise PermissionError(13, "Permission denied")
        return opened(path, *how, **named)

    def asks_for_it() -> tuple[bool, list[str]]:
        versions = step_versions(runtime.store())
        stale = is_stale(runtime, "raw_index", "may.jsonl", versions=versions)
        return stale, list(_unread(batches_of(runtime), versions))

    # The sensor leaves such a batch alone for some minutes.
    monkeypatch.setattr(sensors, "_TRY_AGAIN", timedelta(0))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refuse)
        _, result = execute(runtime, "raw_index", "may.jsonl", run_id="one")
    assert result.metadata["to be read again"] == 1
    assert asks_for_it() == (True, ["may.jsonl"])
    _, result = execute(runtime, "raw_index", "may.jsonl", run_id="two")
    assert result.table["is_readable"].to_pylist() == [True, True]
    assert asks_for_it() == (False, [])
