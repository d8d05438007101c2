"""A corpus whose review queue was lost, replaced or moved: no answer is lost, none is swallowed, no round is reused."""

from pathlib import Path

import pyarrow.compute as pc
import pytest
from small_project import SmallProject, notes_corpus

from data_engine.review.queue_copy import copy_queue


def _more_rounds(project: SmallProject) -> None:
    corpus = notes_corpus(Path("source"))
    corpus["labels"] |= {"rounds": 2}  # type: ignore[operator]
    project.add(corpus)


def _answers(project: SmallProject) -> dict[str, list[dict[str, object]]]:
    table = project.load().runtime("notes").store().read("reviewed_labels")
    batches = sorted(set(table["review_batch"].to_pylist()))
    rows = {batch: table.filter(pc.equal(table["review_batch"], batch)).to_pylist() for batch in batches}
    return {batch: sorted(found, key=lambda row: row["annotation_id"]) for batch, found in rows.items()}


def test_a_new_queue_under_an_old_corpus_goes_on_with_the_next_round(finished: SmallProject) -> None:
    before = _answers(finished)
    assert sorted(before) == ["notes-round-000", "notes-round-001"]
    for file in finished.load().runtime("notes").data_folder.glob("review.db*"):
        file.unlink()
    said = " ".join(finished.run("notes").split())
    assert "does not have notes-round-000, notes-round-001, whose answers stay in the tables" in said
    assert "no step ran" in said
    _more_rounds(finished)
    said = finished.run("notes")
    assert "notes-round-002 opened" in said
    assert "notes-round-000 opened" not in said
    after = _answers(finished)
    assert sorted(after) == ["notes-round-000", "notes-round-001", "notes-round-002"]
    assert {batch: after[batch] for batch in before} == before
    with finished.load().runtime("notes").queue() as queue:
        assert len(after["notes-round-002"]) == queue.answers("notes-round-002").num_rows > 0
    assert "no step ran" in finished.run("notes")


def test_a_queue_that_was_moved_is_the_same_one(
    finished: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _answers(finished)
    moved = f"sqlite:///{tmp_path / 'elsewhere' / 'answers.db'}"
    copy_queue(f"sqlite:///{finished.load().runtime('notes').data_folder / 'review.db'}", moved)
    monkeypatch.setenv("DATA_ENGINE_REVIEW_URL", moved)
    said = finished.run("notes")
    assert "no step ran" in said
    assert "review queue is new" not in said
    _more_rounds(finished)
    assert "notes-round-002 opened" in finished.run("notes")
    after = _answers(finished)
    assert {batch: after[batch] for batch in before} == before
    assert len(after) == 3
