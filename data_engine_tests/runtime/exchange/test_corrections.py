"""Labels to files, and corrections out of them that outlast what was said before."""

import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from schema_tables import table
from small_project import SmallProject
from written_steps import notes_runtime, pass_checks, take_in, write_step

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.labeling.answers.counted import counted_answers, decisions_in
from data_engine.orchestration.launch.commands import release_corpus
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.exchange.corrections import export_labels, format_of, import_corrections
from data_engine.runtime.step_run import execute

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    """Three labelled notes; s0 was labelled by a model."""
    runtime = notes_runtime(tmp_path)
    take_in(
        runtime,
        "may",
        [{"sample_id": f"s{n}", "uri": f"may#{n}", "text": f"note, {n}", "is_readable": True} for n in range(3)],
    )
    labels = [
        {"sample_id": f"s{n}", "kind": "class", "answer": '{"label":"baking"}', "label": "baking", "posterior": 0.5,
         "provenance": "human" if n else "model_auto", "quality": 0.5, "n_annotations": 0}
        for n in range(3)
    ]  # fmt: skip
    version = write_step(runtime.store(), "labels", labels)
    pass_checks(runtime, version)
    return runtime


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_an_exported_file_that_is_changed_in_one_row_corrects_one_label(runtime, tmp_path, name):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path, form = tmp_path / name, format_of(tmp_path / name, None)
    assert export_labels(runtime, form, path) == 3
    untouched = import_corrections(runtime, path, form, by="ada", now=NOW)
    assert (untouched.n_same, untouched.found.has_changed) == (3, False)
    if form == "csv":
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert rows[0]["labelled_by"] == "model_auto"
        rows[0]["label"] = "trains"
        with path.open("w", newline="") as file:
            lines = csv.DictWriter(file, rows[0])
            lines.writeheader()
            lines.writerows(rows)
    elif form == "jsonl":
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        rows[0]["label"] = "trains"
        path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    else:
        rows = pq.read_table(path).to_pylist()
        rows[0]["label"] = "trains"
        pq.write_table(pa.Table.from_pylist(rows), path)
    found = import_corrections(runtime, path, form, by="ada", now=NOW)
    assert (found.n_same, found.found.outcomes) == (2, {"new": ("ada on s0",)})
    with runtime.queue() as queue:
        (row,) = queue.answers("notes-imported-001").to_pylist()
    assert (row["label"], row["annotator"], row["provenance"], row["purpose"], row["decided_at"]) == (
        "trains", "ada", "imported", "correction", NOW,
    )  # fmt: skip
    assert not import_corrections(runtime, path, form, by="ada", now=NOW).found.has_changed


def test_label_studio_shows_labels_as_predictions_and_its_annotations_are_corrections(runtime, tmp_path):
    path = tmp_path / "a.json"
    assert export_labels(runtime, format_of(path, None), path) == 3
    tasks = json.loads(path.read_text("utf-8"))
    assert tasks[0]["predictions"][0]["result"][0]["value"] == {"choices": ["baking"]}
    assert import_corrections(runtime, path, "label_studio", by="ada", now=NOW).found.outcomes == {}
    choice = tasks[1]["predictions"][0]["result"][0] | {"value": {"choices": ["trains"]}}
    tasks[1]["annotations"] = [{"result": [choice], "completed_by": {"email": "eve@example.org"}}]
    path.write_text(json.dumps(tasks), "utf-8")
    found = import_corrections(runtime, path, "label_studio", by="ada", now=NOW)
    assert found.found.outcomes == {"new": ("eve@example.org on s1",)}


def test_a_correction_can_be_taken_back_before_any_run(runtime, tmp_path):
    path = tmp_path / "a.csv"
    for hours, label in enumerate(("trains", "baking")):
        path.write_text(f"sample_id,label\ns0,{label}\n", "utf-8")
        found = import_corrections(runtime, path, "csv", by="ada", now=NOW + timedelta(hours=hours))
    assert (found.n_same, list(found.found.outcomes)) == (0, ["corrected"])
    with runtime.queue() as queue:
        (row,) = queue.answers("notes-imported-001").to_pylist()
    assert (row["label"], row["decided_at"]) == ("baking", NOW + timedelta(hours=1))


def test_the_newest_of_decisions_and_corrections_stands_whatever_their_batches_are_called():
    said = {"sample_id": "s", "kind": "class", "purpose": "query", "revision": 1}
    rows = [
        {**said, "task_id": "1", "annotator": "ann", "label": "a", "provenance": "human", "review_batch": "n-round-9"},
        {**said, "task_id": "1", "annotator": "eve", "label": "b", "provenance": "adjudicated",
         "review_batch": "n-round-000", "decided_at": NOW},
        {**said, "task_id": "2", "annotator": "ada", "label": "c", "provenance": "imported", "purpose": "correction",
         "review_batch": "n-imported-001", "decided_at": NOW + timedelta(days=1)},
    ]  # fmt: skip
    assert decisions_in(counted_answers(table("reviewed_labels", rows)))["s"]["label"] == "c"
    rows[1]["decided_at"] = NOW + timedelta(days=2)
    assert decisions_in(counted_answers(table("reviewed_labels", rows)))["s"]["label"] == "b"


def test_what_nobody_can_read_is_refused_whole(runtime, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("sample_id,label\ns0,trains\ns1,cooking\n", "utf-8")
    with pytest.raises(UnknownLabel, match=r"cooking \(line 3\)"):
        import_corrections(runtime, path, "csv", by="ada", now=NOW)
    with pytest.raises(InvalidInput, match=r"a.txt is not known by its name; it must end in \.csv, \.jsonl"):
        format_of(tmp_path / "a.txt", None)
    with pytest.raises(InvalidInput, match="letters has no label yet"):
        export_labels(notes_runtime(tmp_path, name="letters"), "csv", path)
    with runtime.queue() as queue:
        assert queue.batches() == []


def test_a_correction_outlasts_runs_a_new_tree_and_another_name_of_its_class(finished: SmallProject, tmp_path) -> None:
    runtime, path = finished.load().runtime("notes"), tmp_path / "a.csv"
    before = {row["sample_id"]: row for row in runtime.store().read("labels").to_pylist()}
    by_people = next(name for name, row in before.items() if row["n_annotations"] and row["label"] != "baking")
    by_model = next(name for name, row in before.items() if not row["n_annotations"] and row["label"] != "baking")
    path.write_text(f"sample_id,label\n{by_people},baking\n{by_model},baking\n", "utf-8")
    import_corrections(runtime, path, "csv", by="ada", now=datetime.now(UTC))

    def labels() -> list[tuple[str, str, float]]:
        rows = {row["sample_id"]: row for row in finished.load().runtime("notes").store().read("labels").to_pylist()}
        return [(rows[i]["label"], rows[i]["provenance"], rows[i]["posterior"]) for i in (by_people, by_model)]

    # A release of now takes them over; no sample is lost for its answer that waits.
    assert release_corpus(finished.load(), "notes", console=Console(file=StringIO()))
    assert labels() == [("baking", "imported", 1.0)] * 2
    released = {
        row["sample_id"]: row["label"] for row in finished.load().runtime("notes").store().read("release").to_pylist()
    }
    assert (released[by_people], released[by_model]) == ("baking", "baking")
    classes = ["bread", *[name for name in runtime.corpus.class_names if name != "baking"]]
    finished.change("notes", labels={"classes": classes, "renamed": {"baking": "bread"}}, tree={"n_clusters": [40, 8]})
    finished.run("notes")
    assert labels() == [("bread", "imported", 1.0)] * 2
    _, answers = execute(runtime, "reviewed_labels", "notes-imported-001", run_id="again")
    assert set(answers.table["annotator"].to_pylist()) == {"ada"}


def test_a_sample_with_two_labels_of_one_time_is_refused_and_of_two_times_the_later_stands(runtime, tmp_path):
    path, fields = tmp_path / "a.csv", ("sample_id", "label", "annotator", "answered_at")
    twice = [("s0", "trains", "", ""), ("s0", "gardens", "eva", "")]
    path.write_text("\n".join(map(",".join, [fields, *twice])), "utf-8")
    with pytest.raises(
        InvalidInput, match=r"a.csv gives sample s0 the labels trains \(line 2\) and gardens \(line 3\)"
    ):
        import_corrections(runtime, path, "csv", by="ada", now=NOW)
    later = [("s0", "trains", "", "2026-02-02T00:00:00Z"), ("s0", "gardens", "eva", "2026-02-01T00:00:00Z")]
    path.write_text("\n".join(map(",".join, [fields, *later])), "utf-8")
    import_corrections(runtime, path, "csv", by="ada", now=NOW)
    _, answers = execute(runtime, "reviewed_labels", "notes-imported-001", run_id="take")
    assert decisions_in(counted_answers(answers.table))["s0"]["label"] == "trains"
