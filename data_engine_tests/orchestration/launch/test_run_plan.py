from pathlib import Path

import pytest
from small_project import SmallProject, write_notes
from written_steps import notes_runtime

from data_engine.errors import SourceMissing
from data_engine.orchestration.launch.run_plan import plan_run


def _files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_corpus_that_never_ran_has_its_batches_before_it_and_nothing_is_written(tmp_path: Path) -> None:
    write_notes(tmp_path / "source", "may", 5, 0)
    runtime = notes_runtime(tmp_path)
    before = _files(tmp_path)
    found = plan_run(runtime)
    assert found.is_first
    assert [(d.kind, d.name) for d in found.differences] == [("batch", "may.jsonl")]
    assert found.certain == {step: ["may.jsonl"] for step in ("raw_index", "first_pass", "embeddings")}
    assert {"cluster_tree", "balanced_subset", "release", "sql models"} <= set(found.following)
    assert _files(tmp_path) == before
    assert not runtime.data_folder.exists()


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match="source"):
        plan_run(notes_runtime(tmp_path))


def test_what_is_lost_is_made_anew_and_what_was_not_finished_is_done(finished: SmallProject) -> None:
    runtime = finished.load().runtime("notes")
    (runtime.corpus_folder / "reports" / "report.html").unlink()
    found = plan_run(runtime)
    assert [(d.kind, d.name) for d in found.differences[:1]] == [("lost", "quality_report")]
    assert list(found.certain) == ["quality_report", "release"]
    assert found.rows().to_pylist()[0] == {
        "kind": "lost",
        "name": "quality_report",
        "before": "",
        "after": "reports/report.html is gone",
    }
