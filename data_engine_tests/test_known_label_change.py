"""Labels known beforehand, taken away, given again and corrected in the source: what the report says each time."""

import json
from pathlib import Path

from small_project import SmallProject, notes_corpus

_UNKNOWN, _KNOWN = "No labels are known beforehand", "Over the 4 known labels"


def _report(project: SmallProject) -> str:
    page = project.load().runtime("notes").corpus_folder / "reports" / "report.html"
    return " ".join(page.read_text("utf-8").split())


def _counted_over(project: SmallProject) -> set[str]:
    comparison = project.load().runtime("notes").store().read("subset_comparison")
    return set(comparison["counted_over"].to_pylist())


def _answers(project: SmallProject) -> list[str]:
    with project.load().runtime("notes").queue() as queue:
        return sorted(queue.tables()["review_annotation"]["annotation_id"].to_pylist())


def test_the_report_follows_known_labels_that_go_come_back_and_are_corrected(finished: SmallProject) -> None:
    assert _KNOWN in _report(finished) and _UNKNOWN not in _report(finished)
    release, answers = finished.release("notes"), _answers(finished)
    without = notes_corpus(Path("source"), review={})
    del without["known_label_column"]
    finished.add(without)
    said = finished.run("notes")
    assert "  setting  known_label_column  topic -> not set\n" in said
    assert "rows     known labels" not in said
    assert _UNKNOWN in _report(finished) and "known labels" not in _report(finished)
    assert "known labels" not in _counted_over(finished)
    finished.add(notes_corpus(Path("source")))
    finished.run("notes")
    assert _KNOWN in _report(finished) and _UNKNOWN not in _report(finished)
    assert "known labels" in _counted_over(finished)
    assert (finished.release("notes"), _answers(finished)) == (release, answers)
    path = finished.folder / "source" / "may.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    path.write_text("".join(json.dumps({**row, "topic": "kites"}) + "\n" for row in rows), "utf-8")
    finished.run("notes")
    assert "Over the 5 known labels" in _report(finished) and _KNOWN not in _report(finished)
    assert "nothing new" in finished.run("notes")
