from pathlib import Path

import pytest
from small_project import write_notes
from written_steps import notes_runtime

from data_engine.errors import SourceMissing
from data_engine.runtime.step_run import execute


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
