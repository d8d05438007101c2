"""Labels that the data have already: given as answers, some of them wrong or no class, taken away and given again."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from small_project import SmallProject, make_notes, notes_corpus

from data_engine.errors import DataEngineError

_HUMAN = {"question": "What is this note about?", "classes": ["baking", "sailing", "gardens", "trains"]}
_SETTINGS = {"hold_out_size": 50, "query_batch_size": 15, "rounds": 1, "target_precision": 0.9}


@pytest.fixture
def tagged(project: SmallProject) -> SmallProject:
    """200 notes: two of three have a tag that is their topic, one in 20 of these a wrong one, some one of no class."""
    random, rows = Random(5), make_notes(200, 1)
    for number, row in enumerate(rows):
        row["tag"] = {0: row["topic"].upper(), 1: f" {row['topic']}", 2: ""}[number % 3]
        if number % 20 == 0:
            row["tag"] = random.choice(["sailing", "trains"])
        if number % 25 == 1:
            row["tag"] = "knitting"
    (project.folder / "source").mkdir()
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (project.folder / "source" / "may.jsonl").write_text(text, "utf-8")
    project.add(
        notes_corpus(
            Path("source"),
            tree={"n_clusters": [30, 8], "max_iterations": 10},
            subset={"target_size": 150, "compare_with": []},
            labels={**_HUMAN, **_SETTINGS},
        )
    )
    return project


def _said(project: SmallProject) -> str:
    return " ".join(project.run("notes").split())


def _rows(project: SmallProject, table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = project.load().runtime("notes").store().read(table).to_pylist()
    return rows


def _tags(project: SmallProject) -> dict[str, str]:
    """The class that the tag of each sample names."""
    tags = {row["sample_id"]: json.loads(row["metadata"])["tag"].strip().lower() for row in _rows(project, "raw_index")}
    return {key: tag for key, tag in tags.items() if tag in _HUMAN["classes"]}


def _answered(project: SmallProject) -> dict[str, str]:
    return {row["sample_id"]: row["purpose"] for row in _rows(project, "reviewed_labels") if row["purpose"] != "trap"}


def _provenances(project: SmallProject) -> Counter[str]:
    return Counter(row["provenance"] for row in _rows(project, "labels"))


def _in_service(project: SmallProject) -> dict[str, Any]:
    return next(row for row in _rows(project, "classifier") if row["is_in_service"])


def _published(project: SmallProject) -> tuple[str, dict[str, Any], str]:
    folder = project.load().runtime("notes").corpus_folder
    release = folder / "releases" / project.release("notes")
    manifest = json.loads((release / "manifest.json").read_text("utf-8"))
    page = " ".join((folder / "reports" / "report.html").read_text("utf-8").split())
    return (release / "README.md").read_text("utf-8"), manifest, page


def test_given_labels_teach_and_are_released_people_outweigh_them_and_without_them_all_is_as_before(
    tagged: SmallProject,
) -> None:
    assert "given" not in _said(tagged)
    # The last one that learnt, whether it went into service or not; the setting puts the next one there.
    release, before = tagged.release("notes"), _rows(tagged, "classifier")[-1]
    tagged.change("notes", labels={"given": {"column": "tag"}})
    said = _said(tagged)
    tags, answered = _tags(tagged), _answered(tagged)
    n_kept = len({row["sample_id"] for row in _rows(tagged, "raw_index")})
    assert f"note {len(tags)} of {n_kept} samples have a label in the data (labels.given, column tag)" in said
    assert "8 of " in said and "labels that the data give (column tag) name no class and count as no label" in said
    assert "the commonest are 'knitting' (8)" in said
    labels = {row["sample_id"]: row for row in _rows(tagged, "labels")}
    imported = {key: row for key, row in labels.items() if row["provenance"] == "imported"}
    chosen = {row["sample_id"] for row in _rows(tagged, "balanced_subset")}
    assert imported.keys() == tags.keys() & chosen - answered.keys()
    assert {key: row["label"] for key, row in imported.items()} == {key: tags[key] for key in imported}
    assert {row["n_annotations"] for row in imported.values()} == {0}
    assert all(labels[key]["provenance"] == "simulated" for key in answered)
    now = _in_service(tagged)
    assert (now["n_hold_out"], now["n_rounds"]) == (before["n_hold_out"], before["n_rounds"])
    assert now["n_training"] == before["n_training"] + len(tags.keys() - answered.keys())
    # Labels that differ from what such texts are about have a low quality.
    topics = {row["sample_id"]: json.loads(row["metadata"])["topic"] for row in _rows(tagged, "raw_index")}
    wrong = {key for key, row in imported.items() if row["label"] != topics[key]}
    assert wrong <= set(sorted(labels, key=lambda key: labels[key]["quality"])[: 3 * len(wrong)])
    card, manifest, page = _published(tagged)
    assert f"> {len(imported)} of {len(labels)} labels" in card and "are imported: they come with the data" in card
    assert manifest["labels_by_provenance"] == dict(sorted(_provenances(tagged).items()))
    assert manifest["configuration"]["labels"]["given"]["column"] == "tag"
    assert "of the labels are imported: they come with the data" in page
    given = tagged.release("notes")
    assert "publish" not in tagged.run("notes")
    tagged.change("notes", labels={"given": None})
    said = _said(tagged)
    assert "setting labels.given.column tag -> not set" in said and "not set -> not set" not in said
    assert tagged.release("notes") == release and "imported" not in _provenances(tagged)
    tagged.change("notes", labels={"given": {"column": "tag"}})
    _said(tagged)
    assert tagged.release("notes") == given
    assert "publish" not in tagged.run("notes")


def test_given_labels_are_released_before_anybody_is_asked_and_decide_alone_only_when_they_may_be_held_out(
    tagged: SmallProject,
) -> None:
    tagged.change("notes", review={"simulated": []}, labels={"given": {"column": "tag"}})
    said = _said(tagged)
    assert "the labels are those that the data give: there is no classifier before the hold-out is answered" in said
    assert set(_provenances(tagged)) == {"imported"}
    assert _rows(tagged, "classifier") == []
    release, (batch,) = tagged.release("notes"), _batches(tagged)
    asked = _tasks(tagged)
    assert len(asked["hold_out"]) == 50 and asked["hold_out"] & _tags(tagged).keys()
    assert not (asked["query"] | asked["control"]) & _tags(tagged).keys()
    assert "nothing new" in tagged.run("notes") or batch in tagged.run("notes")
    tagged.change("notes", labels={"given": {"column": "tag", "in_hold_out": True}, "target_precision": 0.75})
    _said(tagged)
    assert {"imported"} < set(_provenances(tagged)) <= {"imported", "model_auto"}
    service = _in_service(tagged)
    assert (service["n_hold_out"], service["n_rounds"]) == (50, 0)
    assert service["n_training"] + service["n_hold_out"] == len(_tags(tagged))
    assert "on a random hold-out that holds imported labels where nobody answered" in _published(tagged)[0]
    with_hold_out = tagged.release("notes")
    tagged.change("notes", labels={"given": None})
    assert f"labels, report and release stay as they are until {batch} is answered" in _said(tagged)
    assert tagged.release("notes") == with_hold_out
    tagged.change("notes", labels={"given": {"column": "tag", "in_hold_out": True}})
    _said(tagged)
    assert tagged.release("notes") == with_hold_out
    assert release != with_hold_out
    answered = _answer_one(tagged)
    assert answered in _imported(tagged)
    _said(tagged)
    assert answered not in _imported(tagged)
    assert "publish" not in tagged.run("notes")


def _imported(project: SmallProject) -> set[str]:
    return {row["sample_id"] for row in _rows(project, "labels") if row["provenance"] == "imported"}


def _answer_one(project: SmallProject) -> str:
    """A person answers a task whose sample has a given label, with another class; returns the sample."""
    runtime, tags, now = project.load().runtime("notes"), _tags(project), datetime.now(UTC)
    with runtime.queue() as queue:
        while (lease := queue.next("ann", now=now, corpus="notes")) is not None:
            if lease.task.sample_id in tags:
                other = next(name for name in _HUMAN["classes"] if name != tags[lease.task.sample_id])
                queue.submit(lease.lease_id, "first", label=other, now=now)
                return lease.task.sample_id
    raise AssertionError("no task of a sample with a tag")


def _batches(project: SmallProject) -> list[str]:
    with project.load().runtime("notes").queue() as queue:
        return [batch.batch_id for batch in queue.batches("notes")]


def _tasks(project: SmallProject) -> dict[str, set[str]]:
    with project.load().runtime("notes").queue() as queue:
        tasks = queue.tables("notes")["review_task"].to_pylist()
    asked: dict[str, set[str]] = {"hold_out": set(), "query": set(), "control": set()}
    for task in tasks:
        asked[task["purpose"]].add(task["sample_id"])
    return asked


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"labels": {"given": {"column": "topic"}}}, r"both name 'topic': labels that are given are answers"),
        ({"labels": {"given": {"column": "tags"}}}, r"asks for the column 'tags', which no file of the source has"),
        ({"labels": {"given": {"column": "tag", "pattern": "x"}}}, r"labels\.given\.pattern 'x' has no group"),
        (
            {"labels": {"given": {"column": "tag"}, "classes": ["a", "b"]}},
            r"none of its \d+ first values names a class; the commonest are",
        ),
    ],
)
def test_given_labels_that_lead_nowhere_stop_a_run_before_anything_is_read(
    tagged: SmallProject, changes: dict[str, Any], why: str, engine_folder: Path
) -> None:
    tagged.change("notes", **changes)
    with pytest.raises(DataEngineError, match=why):
        tagged.run("notes")
    assert not list(engine_folder.glob("data/notes/tables/raw_index/*"))
