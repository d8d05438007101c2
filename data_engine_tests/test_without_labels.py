"""A corpus that asks no question: a curated release without a word of labels; labels can come later and go again."""

import json
import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from small_project import SmallProject, notes_corpus

from data_engine.cli import main
from data_engine.orchestration.launch.project import Project
from data_engine.runtime.versions import step_versions

_OF_LABELS = ("labels", "review", "known_label_column")
_LABELS = {"question": "What is it?", "classes": ["baking", "sailing", "gardens", "trains"], "hold_out_size": 50}


def _silent(**changes: object) -> dict[str, object]:
    """The corpus `notes` without labels, people and known labels."""
    corpus = notes_corpus(Path("source"), subset={"target_size": 150})
    return {**{name: value for name, value in corpus.items() if name not in _OF_LABELS}, **changes}


def _release(project: SmallProject) -> Path:
    done = CliRunner().invoke(main, ["release", "--format", "json"], env={"DATA_ENGINE_PROJECT": str(project.folder)})
    return Path(json.loads(done.output)[-1]["folder"])


def _words(page: str) -> str:
    for part in (r"<style>.*?</style>", r"<script.*?</script>", r"<[^>]*>"):
        page = re.sub(part, " ", page, flags=re.DOTALL)
    return page.lower()


def test_a_corpus_without_labels_ends_in_a_release_and_labels_can_come_and_go(notes: SmallProject) -> None:
    notes.add(_silent())
    said = notes.run("notes")
    assert not re.search("label|review|answer|warning", said), said
    runtime = notes.load().runtime("notes")
    folder = _release(notes)
    assert {path.name for path in folder.iterdir()} == {
        "data.parquet",
        "data.jsonl",
        "manifest.json",
        "README.md",
        "croissant.json",
    }
    rows = pq.read_table(folder / "data.parquet")
    assert (rows.num_rows, rows.column_names) == (
        150,
        ["sample_id", "release_id", "batch", "uri", "text", "leaf", "top_cluster", "metadata"],
    )
    assert set(json.loads((folder / "data.jsonl").read_text("utf-8").splitlines()[0])) == set(rows.column_names)
    card, manifest = ((folder / name).read_text("utf-8").lower() for name in ("README.md", "manifest.json"))
    assert "150 samples, chosen to be balanced" in card
    for word in (r"\blabels?\b", "annotat", "classes", "review", "simulated"):
        assert not re.search(word, card), word
    assert set(re.findall(r"\w*label\w*|\w*review\w*", manifest)) == {
        "keep_labelled",
        "known_label_column",
        "known_label_pattern",
    }
    report = (runtime.corpus_folder / "reports" / "report.html").read_text("utf-8")
    assert "Balance, before and after" in report
    assert not re.search(r"\blabels?\b|annotat|hold-out|reviewed", _words(report))
    checks = runtime.store().read("check_results").to_pylist()
    assert all(row["passed"] for row in checks), [row for row in checks if not row["passed"]]
    assert {"classifier", "proposals", "labels", "reviewed_labels"}.isdisjoint(row["step"] for row in checks)
    assert [row["check"] for row in checks if row["step"] == "release"] == [
        "release_is_not_empty",
        "no_cluster_is_in_two_splits",
        "no_near_duplicate_is_in_another_split",
    ]
    assert step_versions(runtime.store())["sql_tests", ""].data_version == ""
    assert "nothing new" in notes.run("notes")

    notes.add(_silent(labels=_LABELS))
    said = notes.run("notes")
    assert "  setting  labels  not set -> set\n" in said
    assert "notes-round-000 opened" in said
    assert "fails" not in said
    report = (runtime.corpus_folder / "reports" / "report.html").read_text("utf-8")
    assert "Nothing is labelled yet." in report
    assert runtime.store().read("quality_report").num_rows > 0

    notes.add(_silent(labels={**_LABELS, "rounds": 1}, review=_READER, known_label_column="topic"))
    assert "150 labels (150 new)" in notes.run("notes")
    assert _release(notes) != folder
    assert {"label", "provenance"} <= set(pq.read_table(_release(notes) / "data.parquet").column_names)

    notes.add(_silent())
    said = notes.run("notes")
    assert said.rstrip().endswith(f"-> {folder.name}"), said
    assert not re.search(r"labelled|simulated|\d labels", said)
    assert "nothing new" in notes.run("notes")
    checked = CliRunner().invoke(main, ["check", "notes"], env={"DATA_ENGINE_PROJECT": str(notes.folder)})
    assert checked.exit_code == 0, checked.output
    asked = CliRunner().invoke(
        main,
        ["sql", "select count(*) as n from labels", "--format", "json"],
        env={"DATA_ENGINE_PROJECT": str(notes.folder)},
    )
    assert json.loads(asked.output) == [{"n": 0}]


_READER = {"simulated": [{"name": "reader", "error_rate": 0.0}]}


def test_the_graph_of_a_corpus_without_labels_has_nothing_of_them(notes: SmallProject) -> None:
    notes.add(_silent())
    definitions = Project(notes.folder).definitions
    graph = definitions.resolve_asset_graph()
    names = {key.path[-1] for key in graph.get_all_asset_keys()}
    assert {"raw_index", "balanced_subset", "quality_report", "release", "funnel_stages"} <= names
    assert names.isdisjoint({"review_batches", "reviewed_labels", "classifier", "proposals", "labels"})
    assert names.isdisjoint({"annotator_agreement", "annotator_pace", "label_quality_by_class"})
    assert {sensor.name for sensor in definitions.sensors or ()} == {
        "notes_new_batches",
        "notes_drift",
        "notes_alarms",
        "notes_automation",
    }
    jobs = {job.name for job in definitions.jobs or ()}
    assert {"notes_ingest", "notes_curate", "notes_publish", "notes_refresh"} <= jobs
    assert jobs.isdisjoint({"notes_answers", "notes_learn", "notes_open_review"})


def test_nobody_can_answer_what_is_not_asked(notes: SmallProject, monkeypatch: pytest.MonkeyPatch) -> None:
    notes.add(_silent())
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(notes.folder))
    done = CliRunner().invoke(main, ["review", "--annotator", "ann"])
    assert done.exit_code == 1
    assert "corpus notes has no block labels, so there is nothing to answer; add one" in done.output
    notes.add(_silent(review=_READER, known_label_column="topic"))
    done = CliRunner().invoke(main, ["plan", "notes"])
    assert done.exit_code == 1
    assert "review.simulated answers a question but there is no block labels that asks one" in done.output
