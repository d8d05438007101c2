"""A corpus that asks two questions: each has labels of its own, and the report and the release hold both."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from small_project import TOPICS, SmallProject, make_notes, notes_corpus

from data_engine.cli import main
from data_engine.errors import InvalidInput
from data_engine.notebook import open_corpus
from data_engine.orchestration.launch.run_plan import plan_run
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.integrity.registry import check_corpus
from data_engine.runtime.sql_models import ask
from data_engine.runtime.versions import step_versions
from data_engine.terminal.why import decisions_about

_SIMULATED = {"simulated": [{"name": "reader", "error_rate": 0.0}]}
_OF_LABELS = ("reviewed_labels", "classifier", "proposals", "labels")
_ROUNDS = {"hold_out_size": 50, "query_batch_size": 10, "rounds": 0, "target_precision": 0.6}
TOPIC = {
    **{"name": "topic", "question": "What is it about?", "classes": [*TOPICS, "other"], "other": "other"},
    **_ROUNDS,
    "known_label_column": "topic",
}
SIZE = {
    **{"name": "size", "question": "Is it long?", "classes": ["long", "short"], "out_of_scope": "short"},
    **_ROUNDS,
    "known_label_column": "length",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a Dagster home and a data folder, which all tests of this module work in, in turn."""
    folder = tmp_path_factory.mktemp("questions")
    (folder / "home").mkdir()
    shutil.copy(Path(__file__).resolve().parents[1] / ".dagster_home" / "dagster.yaml", folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(folder / "project"))
        yield folder


@pytest.fixture(autouse=True)
def here(place: Path, engine_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test stands on what the tests before it left."""
    _point_to(place, monkeypatch)


def _point_to(place: Path, patch: pytest.MonkeyPatch) -> None:
    patch.setenv("DAGSTER_HOME", str(place / "home"))
    patch.setenv("DATA_ENGINE_DATA", str(place / "data"))


@pytest.fixture(scope="module")
def made(place: Path) -> SmallProject:
    """A project whose corpus asks two questions that simulated annotators answer, run once to its release."""
    project = SmallProject(place / "project")
    source = place / "project" / "source"
    source.mkdir()
    for batch, n, seed in (("may", 60, 1), ("june", 50, 2)):
        rows = [{**row, "length": "long" if len(row["text"].split()) > 10 else "short"} for row in make_notes(n, seed)]
        (source / f"{batch}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    attributes = notes_corpus(source, subset={"target_size": 80}, tree={"n_clusters": [12, 4], "max_iterations": 5})
    project.add({**attributes, "labels": [TOPIC, SIZE], "known_label_column": None})
    with pytest.MonkeyPatch.context() as patch:
        _point_to(place, patch)
        project.said = project.run("notes")
    return project


def _versions(project: SmallProject, question: str = "") -> dict[tuple[str, str], str]:
    """The run that wrote each partition of each step last."""
    runtime = project.load().runtime("notes")
    store = runtime.of_question(question).store() if question else runtime.store()
    return {key: version.run_id for key, version in step_versions(store).items()}


def _release(project: SmallProject) -> Path:
    return project.load().runtime("notes").corpus_folder / "releases" / project.release("notes")


def _planned(project: SmallProject) -> dict[str, list[str]]:
    return plan_run(project.load().runtime("notes")).certain


def _invoke(project: SmallProject, *arguments: str) -> Any:
    return CliRunner().invoke(main, list(arguments), env={"DATA_ENGINE_PROJECT": str(project.folder)})


def test_each_question_is_answered_learnt_and_labelled_by_itself(made: SmallProject) -> None:
    runtime = made.load().runtime("notes")
    for name, question in (("topic", TOPIC), ("size", SIZE)):
        own = runtime.of_question(name)
        labels = own.store().own.read("labels")  # type: ignore[attr-defined]
        assert labels.num_rows >= 30
        assert set(labels["label"].to_pylist()) <= set(question["classes"])  # type: ignore[call-overload]
        batches = {batch for step, batch in step_versions(own.store()) if step == "reviewed_labels"}
        assert batches == {f"notes.{name}-round-000"}
        assert own.corpus_folder == runtime.corpus_folder / "questions" / name
        with runtime.queue() as queue:
            assert {batch.batch_id for batch in queue.batches(f"notes.{name}")} == batches
            assert queue.batches("notes") == []
    assert not runtime.store().exists("labels")
    assert not {step for step, _ in step_versions(runtime.store())} & set(_OF_LABELS)
    for said in ("Labels: topic", "Labels: size", "topic: all ", "SIMULATED"):
        assert said in made.said


def test_the_release_has_columns_for_each_question_and_its_card_names_them(made: SmallProject) -> None:
    folder = _release(made)
    rows = pq.read_table(folder / "data.parquet")
    assert [name for name in rows.column_names if name.endswith("_label")] == ["topic_label", "size_label"]
    assert not {"label", "provenance", "labels_by_question"} & set(rows.column_names)
    for name in ("topic", "size"):
        own = made.load().runtime("notes").of_question(name).store().read("labels").to_pylist()
        label_of = {row["sample_id"]: row["label"] for row in own}
        released = dict(zip(rows["sample_id"].to_pylist(), rows[f"{name}_label"].to_pylist(), strict=True))
        assert released == {key: label_of.get(key) for key in released}
    assert "short" not in rows["size_label"].to_pylist()
    card = (folder / "README.md").read_text("utf-8")
    assert "## Question `topic`" in card
    assert "Is it long?" in card
    assert re.search(r"`size`: \d+ of its \d+ labels \(.*\) are simulated", card)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert [block["name"] for block in manifest["configuration"]["labels"]] == ["topic", "size"]
    assert manifest["questions"]["size"]["table_versions"].keys() == {"labels"}


def test_the_report_has_sections_for_each_question(made: SmallProject) -> None:
    page = (made.load().runtime("notes").corpus_folder / "reports" / "report.html").read_text("utf-8")
    for name in ("topic", "size"):
        assert f'<section id="{name}-question">' in page
        assert f'<section id="{name}-labels">' in page
        assert f'href="#{name}-question"' in page
        assert f"<h2>{name}: What labels cost</h2>" in page
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert len(headings) == len(set(headings))
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert "size: No person answered" in page
    scopes = open_corpus("notes", made.folder).metrics()["scope"].to_pylist()
    assert {"topic: labelled", "size: labelled"} <= set(scopes)


def test_a_second_run_does_nothing_and_the_data_are_whole(made: SmallProject) -> None:
    assert _planned(made) == {}
    said = made.run("notes")
    assert "no step ran" in said
    assert "size: " in said
    assert [finding for finding in check_corpus(made.load().runtime("notes")) if finding.severity == "error"] == []


def test_why_tells_what_every_question_decided(made: SmallProject) -> None:
    runtime = made.load().runtime("notes")
    sample_id = runtime.of_question("size").store().read("labels")["sample_id"][0].as_py()
    steps = decisions_about(runtime, sample_id)["step"].to_pylist()
    assert {"first_pass", "balanced_subset", "topic.labels", "size.labels", "release"} <= set(steps)
    assert "labels" in decisions_about(runtime.of_question("size"), sample_id)["step"].to_pylist()


def test_sql_has_the_labels_of_all_questions_or_of_one(made: SmallProject) -> None:
    runtime = made.load().runtime("notes")
    n = {row["question"]: row["n"] for row in ask(runtime, _COUNTED).to_pylist()}
    own = {each.question: each.store().read("labels").num_rows for each in runtime.questions}
    assert n == own
    by_class = ask(runtime.of_question("size"), "select label, n_labels from label_quality_by_class").to_pylist()
    assert {row["label"] for row in by_class} <= {"long", "short"}
    assert sum(row["n_labels"] for row in by_class) == own["size"]


def test_sql_models_over_labels_and_costs_tell_the_questions_apart(made: SmallProject) -> None:
    runtime = made.load().runtime("notes")
    found = ask(
        runtime, "select question, sum(n_labels) as n from label_quality_by_class group by question"
    ).to_pylist()
    own = {each.question: each.store().read("labels").num_rows for each in runtime.questions}
    assert {row["question"]: row["n"] for row in found} == own
    costs = ask(runtime, "select question, decider, n_asked from cost_by_decider").to_pylist()
    answers = {each.question: each.store().read("reviewed_labels").num_rows for each in runtime.questions}
    assert {row["question"]: row["n_asked"] for row in costs if row["decider"] == "person"} == answers
    assert {(row["question"], row["decider"]) for row in costs} == {
        (name, decider) for name in own for decider in ("classifier", "person")
    }


_COUNTED = "select question, count(*) as n from labels group by question"


def test_a_notebook_reads_the_labels_of_all_questions_or_of_one(made: SmallProject) -> None:
    corpus = open_corpus("notes", made.folder)
    assert corpus.questions == ("topic", "size")
    both = corpus.labels()
    size = both.filter(pc.equal(both["question"], "size"))
    assert (
        size.num_rows
        == corpus.question("size").labels().num_rows
        == open_corpus("notes.size", made.folder).labels().num_rows
    )
    assert corpus.question("size").releases() == corpus.releases()


def test_commands_about_one_question_ask_which_one(made: SmallProject) -> None:
    refused = _invoke(made, "models", "list", "--corpus", "notes")
    assert refused.exit_code == 1
    assert "corpus notes asks several questions; name one by --corpus: notes.topic, notes.size" in refused.output
    assert _invoke(made, "models", "list", "--corpus", "notes.size").exit_code == 0
    with pytest.raises(InvalidInput, match="has no question 'tone'; there are: topic, size"):
        made.load().runtime("notes.tone")


def test_the_graph_shows_each_question_as_a_group_with_jobs_and_sensors_of_its_own(made: SmallProject) -> None:
    project = made.load()
    built = project.definitions_of(project.runtime("notes"))
    graph = built.resolve_asset_graph()
    keys = {"/".join(key.path) for key in graph.get_all_asset_keys()}
    for name in ("topic", "size"):
        assert {f"notes/{name}/{step}" for step in ("review_batches", *_OF_LABELS)} <= keys
        assert {graph.get(key).group_name for key in graph.get_all_asset_keys() if name in key.path} == {
            f"notes__{name}"
        }
    assert "notes/labels" not in keys
    parents = {"/".join(key.path) for key in graph.get(_key(graph, "notes/size/labels")).parent_keys}
    assert {"notes/size/proposals", "notes/balanced_subset"} <= parents
    parents = {"/".join(key.path) for key in graph.get(_key(graph, "notes/release")).parent_keys}
    assert {"notes/topic/labels", "notes/size/labels"} <= parents
    checks = {(key.asset_key.path[1], key.name) for key in graph.asset_check_keys if len(key.asset_key.path) == 3}
    assert ("size", "every_task_is_decided") in checks
    jobs = {job.name for job in built.resolve_all_job_defs()}
    assert {"notes__size_answers", "notes__size_learn", "notes__size_open_review", "notes_publish"} <= jobs
    assert {"notes__size_review_opener", "notes__topic_review_closer"} <= {each.name for each in built.sensors or ()}


def _key(graph: Any, name: str) -> Any:
    return next(key for key in graph.get_all_asset_keys() if "/".join(key.path) == name)


def test_changing_one_question_runs_its_steps_alone_then_report_and_release(made: SmallProject) -> None:
    made.change("notes", labels=[TOPIC, {**SIZE, "target_precision": 0.7}])
    planned = plan_run(made.load().runtime("notes"))
    of_size = ["size classifier", "size proposals", "size labels"]
    assert list(planned.certain) == [*of_size, "quality_report", "release", "sql models"]
    assert {difference.name for difference in planned.differences} == {"labels.size.target_precision"}
    made.change("notes", labels=[TOPIC, {**SIZE, "name": "span", "required": True}], review={"simulated": None})
    waiting = plan_run(made.load().runtime("notes")).waiting
    assert waiting == ["span reviewed_labels", "span classifier", "span proposals", "span labels", "release"]
    made.change("notes", labels=[TOPIC, SIZE], review=_SIMULATED)
    assert _planned(made) == {}


def test_a_question_that_goes_keeps_its_tables_and_finds_them_when_it_comes_back(made: SmallProject) -> None:
    before = {name: _versions(made, name) for name in ("topic", "size")}
    folder, released = made.load().runtime("notes").of_question("size").corpus_folder, made.release("notes")
    made.change("notes", labels=[TOPIC])
    made.run("notes")
    assert "size_label" not in pq.read_table(_release(made) / "data.parquet").column_names
    assert (folder / "tables" / "labels").is_dir()
    made.change("notes", labels=[TOPIC, SIZE])
    made.run("notes")
    assert made.release("notes") == released
    for name, versions in before.items():
        after = _versions(made, name)
        assert {key: after[key] for key in versions if key[0] in _OF_LABELS} == {
            key: run for key, run in versions.items() if key[0] in _OF_LABELS
        }


def test_a_renamed_question_begins_anew_and_its_columns_are_empty_until_it_is_answered(made: SmallProject) -> None:
    made.change("notes", labels=[TOPIC, {**SIZE, "name": "span"}], review={"simulated": None})
    assert "answer notes.span-round-000" in made.run("notes")
    rows = pq.read_table(_release(made) / "data.parquet")
    assert rows["span_label"].null_count == rows.num_rows
    assert rows["topic_label"].null_count == 0


def test_the_terminal_asks_which_question_only_where_several_are_open(made: SmallProject) -> None:
    from data_engine.terminal.review_commands import _question_of

    assert _question_of(made.load(), "notes").question == "span"
    skipped = _invoke(made, "review", "--corpus", "notes", "--skipped", "--annotator", "ada")
    assert skipped.exit_code == 0, skipped.output
    assert _invoke(made, "review", "--corpus", "notes", "--question", "tone", "--skipped").exit_code == 1


def test_resetting_a_corpus_takes_its_questions_with_it(made: SmallProject) -> None:
    from data_engine.runtime.amendments.resetting import reset_of

    runtime = made.load().runtime("notes")
    one, both = reset_of(runtime.of_question("topic")), reset_of(runtime)
    assert {path.name for path in one.paths} >= {"tables"}
    assert one.paths[0].is_relative_to(runtime.corpus_folder / "questions" / "topic")
    assert "questions" in {path.name for path in both.paths}
    assert both.n_answers == one.n_answers


def test_checks_of_questions_are_made_again(made: SmallProject) -> None:
    store = made.load().runtime("notes").of_question("topic").store()
    piece = {"step": "labels", "batch": ""}
    rows = store.read("check_results", partition=piece)
    place = rows.schema.get_field_index("passed")
    failed = rows.set_column(place, rows.schema.field(place), pa.array([False] * rows.num_rows))
    store.write("check_results", failed, partition=piece, run_id="a test", code_version="1")
    said = _invoke(made, "recheck", "notes")
    assert "still fails  topic labels" not in said.output
    assert said.output.count("holds now  topic labels: ") == rows.num_rows
    again = store.read("check_results", partition=piece)["passed"].to_pylist()
    assert again == rows["passed"].to_pylist()


def test_cleaning_keeps_what_a_release_has_of_each_question(made: SmallProject) -> None:
    pinned = json.loads((_release(made) / "manifest.json").read_text("utf-8"))["questions"]
    said = _invoke(made, "clean", "notes", "--yes")
    assert said.exit_code == 0, said.output
    runtime = made.load().runtime("notes")
    for question in runtime.questions:
        version = pinned[question.question]["table_versions"].get("labels")
        assert version is None or question.store().read("labels", version=version).num_rows
        assert question.store().read("labels").num_rows == accepted_tables(question, run_id="x").read("labels").num_rows


def test_a_batch_that_is_forgotten_leaves_the_answers_to_every_question(made: SmallProject) -> None:
    made.change("notes", labels=[TOPIC, SIZE], review=_SIMULATED)
    before = _n_answers(made)
    assert set(before) == {"notes.topic", "notes.size"} and min(before.values()) > 30
    said = _invoke(made, "forget", "notes", "--batch", "june.jsonl", "--yes")
    assert said.exit_code == 0, said.output
    assert set(made.load().runtime("notes").store().read("raw_index")["batch"].to_pylist()) == {"may.jsonl"}
    assert _n_answers(made) == before
    assert {"topic labels", "size labels"} <= set(plan_run(made.load().runtime("notes")).following)


def test_a_reset_with_answers_takes_those_of_every_question(made: SmallProject) -> None:
    runtime = made.load().runtime("notes")
    said = _invoke(made, "reset", "notes", "--answers", "--yes")
    assert said.exit_code == 0, said.output
    assert set(_n_answers(made).values()) == {0}
    assert not (runtime.corpus_folder / "questions").exists()


def _n_answers(made: SmallProject) -> dict[str, int]:
    runtime = made.load().runtime("notes")
    with runtime.queue() as queue:
        return {each.corpus.name: queue.count_answers(each.corpus.name) for each in runtime.questions}
