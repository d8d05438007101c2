"""Bad input through `data-engine run`: a clear sentence or a reason in the ledger, and nothing lost on the way."""

import errno
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest
from click.testing import CliRunner
from small_project import TOPICS, SmallProject, make_notes, notes_corpus, write_notes

from data_engine import indexing
from data_engine.cli import main
from data_engine.errors import UnknownLabel
from data_engine.indexing import SourceFile
from data_engine.indexing.source import Batches, Source
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.versions import step_versions
from data_engine.storage.tables import delta_commits
from data_engine.terminal.why import decisions_about

_WAITING: dict[str, object] = {"review": {}, "subset": {"target_size": 60}, "tree": {"n_clusters": [20, 5]}}


def _run(project: SmallProject, monkeypatch: pytest.MonkeyPatch, corpus: str = "notes") -> tuple[int, str]:
    """`data-engine run` as a shell would give it: exit status, and what it printed in one line."""
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(project.folder))
    result = CliRunner().invoke(main, ["run", corpus])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result.exit_code, " ".join(result.output.split())


def _said_of(runtime: CorpusRuntime, uri: str) -> list[str]:
    """The reasons that the ledger gives for the sample at a place of the source, in order of the steps."""
    raw = runtime.store().read("raw_index", columns=["sample_id", "uri"])
    (sample_id,) = raw.filter(pc.equal(raw["uri"], uri))["sample_id"].to_pylist()
    return [row["reason"] for row in decisions_about(runtime, sample_id).to_pylist()]


def _assert_nothing_lost(runtime: CorpusRuntime, step: str, batches: list[str]) -> None:
    raw, ledger = runtime.store().read("raw_index"), runtime.store().read("ledger")
    for batch in batches:
        read = raw.filter(pc.equal(raw["batch"], batch))["sample_id"].to_pylist()
        decided = ledger.filter(pc.and_(pc.equal(ledger["step"], step), pc.equal(ledger["batch"], batch)))
        assert sorted(decided["sample_id"].to_pylist()) == sorted(read)


def _write_letters(folder: Path) -> None:
    folder.mkdir(parents=True)
    for number, row in enumerate(make_notes(90, 5)):
        (folder / f"{number}.txt").write_text(row["text"], "utf-8")
    (folder / "empty.txt").touch()
    (folder / "junk.txt").write_bytes(bytes(range(256)) * 20)
    (folder / "latin.txt").write_bytes("Ein Kännchen Kaffee für die müde Bäckerin".encode("latin-1"))
    (folder / "utf16.txt").write_bytes("Ein Brot für den müden Bäcker am Abend".encode("utf-16"))
    (folder / "unmarked.txt").write_bytes("Sechzehn Bit je Zeichen und keine Marke davor".encode("utf-16-le"))
    (folder / "nul.txt").write_bytes(b"bread dough and \0 oven flour for every baker")
    (folder / "gone.txt").write_text("a letter that is taken away while the others are read", "utf-8")


def test_every_bad_file_of_a_folder_has_its_reason_in_the_ledger(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_letters(project.folder / "source" / "post")
    letters = {
        **notes_corpus(project.folder / "source", first_pass={"max_unreadable_share": 0.2}, **_WAITING),
        "source": {"kind": "folder", "path": "source"},
        "batches": {"by": "folder"},
        "known_label_column": None,
    }
    project.add(letters)
    list_batches = indexing.list_batches

    def list_and_lose(source: Source, batches: Batches, folder: Path) -> dict[str, tuple[SourceFile, ...]]:
        listed = list_batches(source, batches, folder)
        (project.folder / "source" / "post" / "gone.txt").unlink(missing_ok=True)
        return listed

    monkeypatch.setattr(indexing, "list_batches", list_and_lose)
    status, said = _run(project, monkeypatch)
    assert (status, "held ingest" in said) == (0, False), said
    runtime = project.load().runtime("notes")
    _assert_nothing_lost(runtime, "raw_index", ["post"])
    _assert_nothing_lost(runtime, "first_pass", ["post"])
    assert runtime.store().read("raw_index").num_rows == 97
    assert _said_of(runtime, "post/empty.txt")[1] == "empty"
    assert _said_of(runtime, "post/junk.txt") == ["binary content", "unreadable"]
    assert _said_of(runtime, "post/unmarked.txt") == ["binary content", "unreadable"]
    assert _said_of(runtime, "post/nul.txt") == ["NUL byte at character 17; remove it from the source", "unreadable"]
    assert _said_of(runtime, "post/gone.txt") == ["vanished between listing and reading", "unreadable"]
    assert _said_of(runtime, "post/latin.txt")[:2] == ["post/latin.txt", "kept"]
    assert _said_of(runtime, "post/utf16.txt")[:2] == ["post/utf16.txt", "kept"]


def _line(**columns: str) -> str:
    return json.dumps(columns) + "\n"


def _write_rows(folder: Path) -> None:
    write_notes(folder, "good", 100, 1)
    broken = write_notes(folder, "broken", 30, 2)
    with broken.open("a", encoding="utf-8") as lines:
        lines.write('{"id": "b31", "text": "half of a line\n')
        lines.write(_line(id="b32", text="x" * 50_000_000))
        lines.write(_line(id="b33", title="a row without its text"))
        lines.write(_line(id="b34", text="a note with a \0 in its middle"))
    twice = write_notes(folder, "twice", 30, 3)
    with twice.open("a", encoding="utf-8") as lines:
        lines.write(_line(id="3-0", text="the id of this note was given to another one before"))
    (folder / "other.jsonl").write_text(_line(id="o1", title="no note has a text here"), "utf-8")
    (folder / "void.jsonl").touch()


def test_bad_rows_have_their_line_number_and_bad_batches_are_held_back(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    _write_rows(project.folder / "source")
    corpus = notes_corpus(project.folder / "source", first_pass={"max_unreadable_share": 0.2}, **_WAITING)
    project.add(corpus)
    status, said = _run(project, monkeypatch)
    assert status == 1
    assert "held ingest other.jsonl" in said
    assert "other.jsonl has no column 'text'" in said
    assert "held ingest twice.jsonl" in said
    assert "every_source_id_is_unique" in said
    runtime = project.load().runtime("notes")
    _assert_nothing_lost(runtime, "raw_index", ["good.jsonl", "broken.jsonl", "twice.jsonl"])
    _assert_nothing_lost(runtime, "first_pass", ["good.jsonl", "broken.jsonl"])
    assert _said_of(runtime, "broken.jsonl#31")[0].startswith("broken.jsonl line 31 is not JSON: ")
    assert _said_of(runtime, "broken.jsonl#32")[0].startswith("broken.jsonl line 32 has 50000")
    assert _said_of(runtime, "broken.jsonl#33") == ["row 33 has no column 'text', only 'id', 'title'", "unreadable"]
    assert _said_of(runtime, "broken.jsonl#34")[0].startswith("row 34: NUL byte at character 15")
    assert set(runtime.store().read("embeddings")["batch"].to_pylist()) == {"good.jsonl", "broken.jsonl"}


def _nothing(source: Path) -> None:
    del source


def _empty_folder(source: Path) -> None:
    source.mkdir()


def _one_empty_file(source: Path) -> None:
    source.mkdir()
    (source / "may.jsonl").touch()


def _one_sample(source: Path) -> None:
    write_notes(source, "may", 1, 1)


def _all_duplicates(source: Path) -> None:
    source.mkdir()
    (source / "may.jsonl").write_text(
        "".join(_line(id=str(i), text="all of them say this", topic="baking") for i in range(60)), "utf-8"
    )


def _notes(source: Path) -> None:
    write_notes(source, "may", 120, 1)


@pytest.mark.parametrize(
    ("write", "changes", "sentence"),
    [
        (_nothing, {}, "source does not exist; create it or change source.path"),
        (_empty_folder, {}, "holds no file that matches '*.jsonl'"),
        (_one_empty_file, {}, "nothing to cluster"),
        (_one_sample, {}, "target_size is 180 but the clusters hold 1 samples; lower it to at most 1"),
        (_one_sample, {"subset": {"target_size": 1}}, "hold-out"),
        (_all_duplicates, {}, "kept_share"),
        (_all_duplicates, {"first_pass": {"min_kept_share": 0.0}}, "lower it to at most 1"),
        (_notes, {"encoder": "no-such-model"}, "the encoder 'no-such-model' is neither an installed package"),
        (
            _notes,
            {"known_label_column": "topics"},
            "asks for the column 'topics', which no file of the source has: may.jsonl",
        ),
        (_notes, {"known_label_pattern": "about (.+)"}, "asks for 'about (.+)', which matches no label of the column"),
        (_notes, {"labels": {"question": "?", "classes": "topics.txt"}}, "'topics.txt', which is not beside the YAML"),
    ],
)
def test_what_cannot_be_curated_ends_in_one_sentence(
    project: SmallProject,
    monkeypatch: pytest.MonkeyPatch,
    write: Callable[[Path], None],
    changes: dict[str, object],
    sentence: str,
) -> None:
    write(project.folder / "source")
    project.add(notes_corpus(project.folder / "source", **changes))
    status, said = _run(project, monkeypatch)
    assert status == 1
    assert sentence in said.rpartition("Error: ")[2], said


def test_an_answer_outside_the_classes_is_refused_and_one_from_before_they_changed_is_kept_aside(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    _notes(project.folder / "source")
    corpus = notes_corpus(project.folder / "source", **_WAITING)
    project.add(corpus)
    assert _run(project, monkeypatch)[0] == 0
    runtime = project.load().runtime("notes")
    raw = runtime.store().read("raw_index", columns=["sample_id", "metadata"]).to_pylist()
    topics = {row["sample_id"]: json.loads(row["metadata"])["topic"] for row in raw}
    with runtime.queue() as queue:
        first = queue.next("maria", now=datetime.now(UTC), corpus="notes")
        assert first is not None
        with pytest.raises(UnknownLabel, match="cooking"):
            queue.submit(first.lease_id, "a", label="cooking", now=datetime.now(UTC))
        while (lease := queue.next("maria", now=datetime.now(UTC), corpus="notes")) is not None:
            queue.submit(lease.lease_id, lease.lease_id, label=topics[lease.task.sample_id], now=datetime.now(UTC))
    labels: Any = corpus["labels"]
    kept = [name for name in TOPICS if name != "sailing"]
    project.add({**corpus, "labels": {**labels, "classes": [*kept, "other"]}})
    status, said = _run(project, monkeypatch)
    assert status == 0
    assert "class 'sailing' is removed" in said
    assert "notes-again-001 opened" in said
    with project.load().runtime("notes").queue() as queue:
        given = queue.tables("notes")["review_annotation"]["label"].to_pylist()
    assert "sailing" in given


def test_a_full_disk_is_named_and_once_there_is_room_the_run_ends_like_an_undisturbed_one(
    project: SmallProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _notes(project.folder / "source")
    project.add(notes_corpus(project.folder / "source", subset={"target_size": 100}))

    def versions() -> dict[tuple[str, str], str]:
        store = project.load().runtime("notes").store()
        return {key: version.data_version for key, version in step_versions(store).items()}

    with monkeypatch.context() as full_disk:
        _fill_the_disk_when_writing("tree_assignments", full_disk)
        status, said = _run(project, monkeypatch)
    assert status == 1
    assert "writing tree_assignments failed" in said
    assert "the disk is full" in said
    assert ("cluster_tree", "") not in versions()
    assert _run(project, monkeypatch)[0] == 0
    after = versions()
    for name in ("DAGSTER_HOME", "DATA_ENGINE_DATA"):
        monkeypatch.setenv(name, str(tmp_path / name))
    assert _run(project, monkeypatch)[0] == 0
    assert versions() == after


def _fill_the_disk_when_writing(table: str, monkeypatch: pytest.MonkeyPatch) -> None:

    write_files = delta_commits.write_files

    def write_or_fail(folder: Path, *rows: Any) -> Any:
        if folder.name == table:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_files(folder, *rows)

    monkeypatch.setattr(delta_commits, "write_files", write_or_fail)


def test_a_disk_that_is_full_is_a_sentence_and_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("data_engine.cli._project", full)
    done = CliRunner().invoke(main, ["run", "notes"])
    assert (done.exit_code, done.output) == (1, done.output)
    assert done.output.startswith("Error: no room is left to write a file (No space left on device); make room (")
    assert done.output.count("\n") == 1


def test_what_follows_the_name_of_a_benchmark_goes_to_its_script(
    notes: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(notes.folder))
    (notes.folder / "benchmarks").mkdir()
    script = "import sys\nraise SystemExit(7 if sys.argv[1:] == ['--help', '--rounds', '2'] else 1)\n"
    (notes.folder / "benchmarks" / "counting.py").write_text(script, "utf-8")
    assert CliRunner().invoke(main, ["bench", "counting", "--help", "--rounds", "2"]).exit_code == 7
