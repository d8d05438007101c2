"""Files and batches that change, move, go and come back: samples keep what people said of them, and undoing undoes."""

import os
import shutil
from pathlib import Path

import pytest
from small_project import SmallProject


@pytest.fixture
def kept(finished: SmallProject) -> Path:
    """The files of the corpus `notes` as they were, with their times."""
    shutil.copytree(finished.folder / "source", finished.folder / "kept")
    return finished.folder / "kept"


def _put_back(finished: SmallProject, kept: Path) -> None:
    shutil.rmtree(finished.folder / "source")
    shutil.copytree(kept, finished.folder / "source")


def _said(project: SmallProject) -> str:
    said = " ".join(project.run("notes").split())
    assert "held" not in said
    assert "nothing new" in project.run("notes")
    return said


def _labels(project: SmallProject) -> dict[str, tuple[str, str]]:
    rows = project.load().runtime("notes").store().read("labels").to_pylist()
    return {row["sample_id"]: (row["label"], row["provenance"]) for row in rows}


def _answers(project: SmallProject) -> list[str]:
    with project.load().runtime("notes").queue() as queue:
        return sorted(queue.tables()["review_annotation"]["annotation_id"].to_pylist())


def test_regrouped_batches_keep_samples_answers_and_labels(finished: SmallProject) -> None:
    release, labels, answers = finished.release("notes"), _labels(finished), _answers(finished)
    finished.change("notes", batches={"by": "folder"})
    said = _said(finished)
    assert "the batches july.jsonl, june.jsonl, may.jsonl are grouped otherwise now: the same files" in said
    assert "360 moved to another batch and keep their ids, answers and labels" in said
    assert _labels(finished) == labels
    finished.change("notes", batches={"by": "file"})
    assert "360 moved to another batch" in _said(finished)
    assert (finished.release("notes"), _labels(finished), _answers(finished)) == (release, labels, answers)


def _n_answered(project: SmallProject, batch: str) -> int:
    """How many samples of a batch somebody has answered."""
    store = project.load().runtime("notes").store()
    of_batch = set(store.read("raw_index", columns=["sample_id"], partition={"batch": batch})["sample_id"].to_pylist())
    return len(of_batch & set(store.read("reviewed_labels", columns=["sample_id"])["sample_id"].to_pylist()))


def test_a_removed_file_takes_its_samples_along_and_brings_them_back(finished: SmallProject, kept: Path) -> None:
    release, labels, answers = finished.release("notes"), _labels(finished), _answers(finished)
    n_answered = _n_answered(finished, "june.jsonl")
    (finished.folder / "source" / "june.jsonl").unlink()
    said = _said(finished)
    assert said.count("the source no longer has june.jsonl: of 120 raw samples those leave that are in no other") == 1
    assert f"120 samples left, {n_answered} of them with answers, which are kept and count again when" in said
    store = finished.load().runtime("notes").store()
    for table in ("raw_index", "first_pass", "embeddings", "tree_assignments"):
        assert "june.jsonl" not in store.read(table, columns=["batch"])["batch"].to_pylist()
    assert _answers(finished) == answers
    _put_back(finished, kept)
    assert "120 came" in _said(finished)
    assert (finished.release("notes"), _labels(finished), _answers(finished)) == (release, labels, answers)


def test_rows_that_change_places_between_two_files_are_no_duplicates_of_themselves(
    finished: SmallProject, kept: Path
) -> None:
    release, labels = finished.release("notes"), _labels(finished)
    june, july = (finished.folder / "source" / name for name in ("june.jsonl", "july.jsonl"))
    os.utime(june)
    assert "to another batch" not in _said(finished)
    assert finished.release("notes") == release
    ones, others = june.read_text("utf-8").splitlines(keepends=True), july.read_text("utf-8").splitlines(keepends=True)
    june.write_text("".join(others), "utf-8")
    july.write_text("".join(ones), "utf-8")
    assert "240 moved to another batch" in _said(finished)
    assert _labels(finished) == labels
    _put_back(finished, kept)
    (finished.folder / "source" / "june.jsonl").rename(finished.folder / "source" / "summer.jsonl")
    assert "moved to another batch" in _said(finished)
    _put_back(finished, kept)
    _said(finished)
    assert (finished.release("notes"), _labels(finished)) == (release, labels)
