import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from written_steps import keep_version, notes_runtime, write_step

from data_engine.indexing.samples import sample_id_of_text
from data_engine.review import NewTask
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.integrity.finding import CheckedCorpus, Finding
from data_engine.runtime.integrity.review_answers import check_review_queue

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
TEXTS = ("one text", "another text")


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    """The corpus with a review batch that was answered and taken over."""
    runtime = notes_runtime(tmp_path)
    samples = [{"sample_id": sample_id_of_text(text), "text": text, "uri": text} for text in TEXTS]
    write_step(runtime.store(), "raw_index", samples, "may")
    tasks = [NewTask(row["sample_id"], "query", "manual", {"text": row["text"]}) for row in samples]
    with runtime.queue() as queue:
        queue.open_batch(
            "notes-round-000", corpus="notes", question="?", classes=("a", "b"), tasks=tasks, cause="test", now=NOON
        )
        while lease := queue.next("ada", now=NOON):
            queue.submit(lease.lease_id, lease.lease_id, label="a", now=NOON)
        answers = queue.answers("notes-round-000")
    runtime.store().write(
        "reviewed_labels", answers, partition={"review_batch": "notes-round-000"}, run_id="r", code_version="c"
    )
    return runtime


def found(runtime: CorpusRuntime) -> list[Finding]:
    return list(check_review_queue(CheckedCorpus(runtime)))


def change(runtime: CorpusRuntime, statement: str) -> None:
    with sqlite3.connect(runtime.data_folder / "review.db") as connection:
        connection.execute(statement)
    connection.close()


def test_answers_that_were_taken_as_the_queue_has_them_are_sound(runtime: CorpusRuntime) -> None:
    assert found(runtime) == []


def test_a_corpus_that_nobody_was_asked_about_needs_no_queue(tmp_path: Path) -> None:
    assert found(notes_runtime(tmp_path / "other")) == []


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE review_annotation SET active_s = 7", "2 answers are not the same in the queue and in reviewed_labels"),
        ('UPDATE review_task SET payload = \'{"text": "onE"}\'', "shows another text than the raw index has"),
        ("UPDATE review_batch SET corpus = 'x'", "reviewed_labels has answers of a review batch that the queue does"),
        ("UPDATE review_batch SET n_done = 5", "n_done is 5 but 2 tasks are such"),
    ],
)
def test_what_differs_between_queue_and_tables_is_named(runtime: CorpusRuntime, statement: str, said: str) -> None:
    change(runtime, statement)
    assert any(said in finding.what and finding.severity == "error" for finding in found(runtime))


def test_a_late_correction_is_a_note(runtime: CorpusRuntime) -> None:
    with runtime.queue() as queue:
        annotation = queue.answers("notes-round-000")["annotation_id"][0].as_py()
        queue.reopen(annotation, label="b", now=NOON, annotator="ada")
    assert [(finding.severity, finding.what) for finding in found(runtime)] == [
        ("note", "1 answers were corrected since they were taken")
    ]


def test_a_missing_queue_and_one_that_is_none_are_errors(runtime: CorpusRuntime) -> None:
    path = runtime.data_folder / "review.db"
    path.write_bytes(b"x" * 5000)
    assert [finding.severity for finding in found(runtime)] == ["error"]
    path.unlink()
    assert [finding.what for finding in found(runtime)] == [
        "the review queue is missing, and with it every question and open answer"
    ]
    assert not path.exists()


def test_answers_that_the_table_lost_are_errors_and_samples_that_have_left_are_a_note(runtime: CorpusRuntime) -> None:
    store = runtime.store()
    write_step(store, "raw_index", [], "may")
    empty = store.read("reviewed_labels").slice(0, 0)
    asked = [finding for finding in found(runtime) if "asks about 2 samples that the raw index" in finding.what]
    assert [finding.severity for finding in asked] == ["note"]
    store.write("reviewed_labels", empty, run_id="r", code_version="c")
    assert any("answers are not the same" in finding.what for finding in found(runtime))


def test_an_answered_batch_waits_for_a_run_until_it_was_taken_over_once(runtime: CorpusRuntime) -> None:
    samples = [sample_id_of_text(text) for text in TEXTS]
    with runtime.queue() as queue:
        queue.open_batch(
            "notes-round-001",
            corpus="notes",
            question="?",
            classes=("a", "b"),
            tasks=[NewTask(sample, "query", "manual", {}) for sample in samples],
            cause="test",
            now=NOON,
        )
        while lease := queue.next("ada", now=NOON):
            queue.submit(lease.lease_id, lease.lease_id, label="a", now=NOON)
    waits = Finding(
        "note",
        "is answered, and waits for a run to take it over",
        "review batch notes-round-001",
        "data-engine run notes",
    )
    assert found(runtime) == [waits]
    keep_version(runtime.store(), "reviewed_labels", "notes-round-001")
    assert [(finding.severity, finding.what) for finding in found(runtime)] == [
        ("error", "is answered, but reviewed_labels has none of it any more")
    ]
