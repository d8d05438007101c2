from pathlib import Path

import pytest
from small_project import SmallProject, notes_corpus, write_notes
from written_steps import notes_runtime, take_in

from data_engine.errors import SourceMissing
from data_engine.orchestration.launch.run_plan import plan_run
from data_engine.runtime.changes.differences import Difference
from data_engine.runtime.made_from.settings import settings_used
from data_engine.runtime.plan import MADE_STEPS


def _files(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_corpus_that_never_ran_has_its_batches_before_it_and_nothing_is_written(tmp_path: Path) -> None:
    write_notes(tmp_path / "source", "may", 5, 0)
    runtime = notes_runtime(tmp_path)
    before = _files(tmp_path)
    found = plan_run(runtime)
    assert found.is_first
    assert [(d.kind, d.name) for d in found.differences] == [("batch", "may.jsonl")]
    steps = ("raw_index", "first_pass", "embeddings", "drift_report")
    assert {step: found.certain[step] for step in steps} == {step: ["may.jsonl"] for step in steps}
    # The annotator is simulated, so that nothing waits for people; nobody knows before whether there is enough.
    assert [step for step in found.certain if not found.certain[step]] == [
        "cluster_tree", "balanced_subset", "quality_report", "sql models",
    ]  # fmt: skip
    assert found.following == ["reviewed_labels", "classifier", "proposals", "labels", "release"]
    assert found.waiting == []
    assert _files(tmp_path) == before
    assert not runtime.data_folder.exists()


def test_the_first_plan_names_every_step_and_those_that_wait_for_people(tmp_path: Path) -> None:
    write_notes(tmp_path / "source", "may", 5, 0)
    found = plan_run(notes_runtime(tmp_path, review={"simulated": []}))
    assert found.waiting == ["reviewed_labels", "classifier", "proposals", "labels", "release"]
    labels = {**notes_corpus(tmp_path)["labels"], "given": {"column": "topic"}}
    given = plan_run(notes_runtime(tmp_path, labels=labels, review={"simulated": []}, known_label_column=None))
    assert given.waiting == ["reviewed_labels", "classifier", "proposals"]
    assert {"labels", "release"} <= given.certain.keys()
    assert {*found.certain, *found.waiting} == {*given.certain, *given.waiting} == {*MADE_STEPS, "sql models"}


def test_batches_that_are_grouped_otherwise_are_said_to_be_so_with_the_setting(tmp_path: Path) -> None:
    path = write_notes(tmp_path / "source", "may", 2, 0)
    runtime = notes_runtime(tmp_path, batches={"by": "folder"})
    made_with = settings_used(notes_runtime(tmp_path).corpus, ("modality", "source", "batches"))
    kept = {"made_with": made_with, "made_from": {"code": runtime.code_of("raw_index")}}
    rows = [{"sample_id": i, "uri": f"may.jsonl#{i}"} for i in "ab"]
    take_in(runtime, "may.jsonl", rows, **kept)
    found = plan_run(runtime)
    assert Difference("setting", "batches.by", "file", "folder") in found.differences
    assert found.notes == [
        "the batch may.jsonl is grouped otherwise now: the same files, whose samples keep ids, answers and labels"
    ]
    path.rename(path.with_name("june.jsonl"))
    (note,) = plan_run(runtime).notes
    assert note.startswith(
        "the source no longer has may.jsonl: of 2 raw samples those leave that are in no other batch"
    )


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match="source"):
        plan_run(notes_runtime(tmp_path))


def test_what_is_lost_is_made_anew_and_what_was_not_finished_is_done(finished: SmallProject) -> None:
    runtime = finished.load().runtime("notes")
    (runtime.corpus_folder / "reports" / "report.html").unlink()
    found = plan_run(runtime)
    assert [(d.kind, d.name) for d in found.differences[:1]] == [("lost", "quality_report")]
    assert list(found.certain) == ["quality_report", "release", "sql models"]
    assert found.rows().to_pylist()[0] == {
        "kind": "lost",
        "name": "quality_report",
        "before": "",
        "after": "reports/report.html is gone",
    }
