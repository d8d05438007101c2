"""Labels that people gave, when the subset shrinks, grows or comes of another tree, and when rules change."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from small_project import SmallProject

#: Changes, one after the other, and whether the subset is smaller than the one that was labelled.
_CHANGES: tuple[tuple[dict[str, Any], bool], ...] = (
    ({"subset": {"target_size": 60}}, True),
    ({"tree": {"n_clusters": [30, 10, 5]}, "subset": {"target_size": 90, "method": "hierarchical"}}, True),
    ({"subset": {"target_size": 240}}, False),
)
_BACK: dict[str, dict[str, Any]] = {
    "subset": {"target_size": 180, "method": None, "keep_labelled": None},
    "tree": {"n_clusters": [60, 20, 8]},
}


def _said(project: SmallProject) -> str:
    return " ".join(project.run("notes").split())


def _answered(project: SmallProject) -> dict[str, str]:
    """The label of every sample that was answered, and that is no trap, by id."""
    rows = project.load().runtime("notes").store().read("reviewed_labels").to_pylist()
    return {row["sample_id"]: row["label"] for row in rows if row["purpose"] != "trap"}


def _rows(project: SmallProject, table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = project.load().runtime("notes").store().read(table).to_pylist()
    return rows


def _answers_in_queue(project: SmallProject) -> list[str]:
    with project.load().runtime("notes").queue() as queue:
        return sorted(queue.tables()["review_annotation"]["annotation_id"].to_pylist())


def _release_folder(project: SmallProject) -> Path:
    return project.load().runtime("notes").corpus_folder / "releases" / project.release("notes")


def _page(project: SmallProject) -> str:
    page = project.load().runtime("notes").corpus_folder / "reports" / "report.html"
    return " ".join(page.read_text("utf-8").split())


def test_what_people_labelled_stays_whatever_the_subset_is_and_undoing_gives_the_same_release(
    finished: SmallProject,
) -> None:
    release, answered, given = finished.release("notes"), _answered(finished), _answers_in_queue(finished)
    for change, is_smaller in _CHANGES:
        finished.change("notes", **change)
        said = _said(finished)
        assert "left out:" not in said and "SQL test" not in said
        labels = {row["sample_id"]: row for row in _rows(finished, "labels")}
        chosen = {row["sample_id"] for row in _rows(finished, "balanced_subset")}
        assert answered.items() <= {key: row["label"] for key, row in labels.items()}.items()
        assert all(row["in_subset"] == (key in chosen) for key, row in labels.items())
        outside = labels.keys() - chosen
        assert outside <= answered.keys()
        assert outside or not is_smaller
        # Labelled samples are among the first of a smaller subset.
        assert len(chosen & answered.keys()) / len(chosen) > is_smaller * len(answered) / 180
        _statements_are_true(finished, len(outside))
    finished.change("notes", **_BACK)
    _said(finished)
    assert (finished.release("notes"), _answers_in_queue(finished)) == (release, given)
    _statements_are_true(finished, 0)
    assert "nothing new" in finished.run("notes")


def _statements_are_true(project: SmallProject, n_outside: int) -> None:
    """Card, manifest, files and report say how many samples there are, and how many of them are outside the subset."""
    folder, labels = _release_folder(project), _rows(project, "labels")
    card = (folder / "README.md").read_text("utf-8")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    released = pq.read_table(folder / "data.parquet")
    assert released.num_rows == manifest["n_samples"] == len(labels)
    assert f"{len(labels):,} samples in " in card
    outside = f"{n_outside:,} of them are outside the balanced subset (`in_subset` is false)"
    assert (outside in card) == bool(n_outside) == ("in_subset" in released.column_names) == ("in_subset" in card)
    if n_outside:
        assert Counter(released["in_subset"].to_pylist())[False] == n_outside
    assert (f"labels of {n_outside:,} samples outside the subset are kept" in _page(project)) == bool(n_outside)
    n_inside, n_chosen = len(labels) - n_outside, len(_rows(project, "balanced_subset"))
    assert f"{n_chosen:,} balanced ones; {n_inside:,} of them have a label" in _page(project)


def test_without_keep_labelled_what_leaves_is_said_with_counts_and_comes_back(finished: SmallProject) -> None:
    release, answered = finished.release("notes"), _answered(finished)
    finished.change("notes", subset={"target_size": 60, "keep_labelled": False})
    said = _said(finished)
    labels, chosen = _rows(finished, "labels"), {row["sample_id"] for row in _rows(finished, "balanced_subset")}
    n_left = len(answered.keys() - chosen)
    assert n_left and {row["sample_id"] for row in labels} <= chosen
    assert (
        f"left out: {n_left} answered samples have no label now: {n_left} outside the subset, and "
        "subset.keep_labelled is off; the answers are kept"
    ) in said
    finished.change("notes", subset={"keep_labelled": True})
    assert "left out:" not in _said(finished)
    assert answered.keys() <= {row["sample_id"] for row in _rows(finished, "labels")}
    finished.change("notes", **_BACK)
    _said(finished)
    assert finished.release("notes") == release


def test_tighter_rules_leave_answered_samples_out_and_undone_all_is_as_before(finished: SmallProject) -> None:
    release, answered, given = finished.release("notes"), _answered(finished), _answers_in_queue(finished)
    short = {row["sample_id"] for row in _rows(finished, "raw_index") if len(row["text"]) < 60}
    finished.change("notes", first_pass={"min_chars": 60})
    said = _said(finished)
    labels = {row["sample_id"]: row["label"] for row in _rows(finished, "labels")}
    n_left = len(short & answered.keys())
    assert n_left and "setting first_pass.min_chars 8 -> 60" in said
    why = f"{n_left} rejected by the first pass; the answers are kept"
    assert f"left out: {n_left} answered samples have no label now: {why}" in said
    assert not short & labels.keys()
    assert {key: label for key, label in answered.items() if key not in short}.items() <= labels.items()
    chosen = {row["sample_id"] for row in _rows(finished, "balanced_subset")}
    _statements_are_true(finished, len(labels.keys() - chosen))
    # Looser than at first, then as at first.
    for min_chars in (1, None):
        finished.change("notes", first_pass={"min_chars": min_chars})
        assert "left out:" not in _said(finished)
        assert answered.keys() <= {row["sample_id"] for row in _rows(finished, "labels")}
        assert _answers_in_queue(finished) == given
    assert finished.release("notes") == release
    _statements_are_true(finished, 0)
