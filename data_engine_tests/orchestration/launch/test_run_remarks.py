from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from other_encoders import SHORTER, register_other_encoders
from rich.console import Console
from schema_tables import table
from written_steps import keep_version, notes_runtime, write_step

from data_engine.errors import InvalidInput, SourceMissing
from data_engine.orchestration.launch.run_remarks import (
    load_and_say_encoder,
    say_asked_again,
    say_before_labels,
    say_comparison,
    say_levels,
    say_no_classifier,
    say_waiting,
)
from data_engine.review import NewTask
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.embeddings import encoder_of
from data_engine.terminal.run_summary import RunOutcome

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _other_encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    register_other_encoders(monkeypatch)
    encoder_of.cache_clear()


def _said(runtime: CorpusRuntime) -> tuple[bool, str]:
    console = Console(file=StringIO(), width=400)
    is_other = load_and_say_encoder(runtime, console)
    assert isinstance(console.file, StringIO)
    return is_other, console.file.getvalue()


def test_an_encoder_is_said_only_where_the_vectors_there_are_of_another(tmp_path: Path) -> None:
    assert _said(notes_runtime(tmp_path, encoder=SHORTER)) == (False, "")
    made_with = {"encoder": SHORTER, "encoder_version": f"{SHORTER}-1"}
    keep_version(notes_runtime(tmp_path).store(), "embeddings", "may", made_with=made_with)
    assert _said(notes_runtime(tmp_path, encoder=SHORTER)) == (False, "")
    is_other, said = _said(notes_runtime(tmp_path))
    assert is_other
    assert said.startswith(
        "  the encoder is now hashed-ngrams (version hashed-ngrams-256-1), before it was turned-128 (version turned-"
    )


def test_an_encoder_that_was_told_is_not_said_again(tmp_path: Path) -> None:
    made_with = {"encoder": SHORTER, "encoder_version": f"{SHORTER}-1"}
    runtime = notes_runtime(tmp_path)
    keep_version(runtime.store(), "embeddings", "may", made_with=made_with)
    console = Console(file=StringIO())
    assert load_and_say_encoder(runtime, console, is_told=True)
    assert _printed(console) == ""


def test_an_encoder_that_is_not_there_or_of_another_modality_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"'no-such-encoder'.*hashed-ngrams"):
        _said(notes_runtime(tmp_path, encoder="no-such-encoder"))
    with pytest.raises(InvalidInput, match=r"'hashed-ngrams' takes texts only, but the samples of notes are images"):
        _said(notes_runtime(tmp_path, modality="image", encoder="hashed-ngrams"))


def test_a_classifier_that_was_not_compared_is_said_and_one_that_was_is_not(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)

    def said() -> str:
        console = Console(file=StringIO(), width=400)
        say_comparison(runtime, console)
        assert isinstance(console.file, StringIO)
        return console.file.getvalue()

    for comparison, expected in (
        ("hold-out accuracy 0.9", ""),
        (
            "not compared: version a learnt from others",
            "      the classifier was not compared: version a learnt from others\n",
        ),
    ):
        write_step(runtime.store(), "classifier", [{"comparison": comparison}])
        assert said() == expected


def _printed(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_changed_classes_and_batches_that_a_queue_lacks_are_said(tmp_path: Path) -> None:
    runtime, console = notes_runtime(tmp_path), Console(file=StringIO(), width=300)
    keep_version(runtime.store(), "reviewed_labels", "notes-round-000")
    with runtime.queue() as queue:
        queue.open_batch(
            "notes-round-001",
            corpus="notes",
            question="?",
            classes=[*runtime.corpus.class_names, "poems"],
            tasks=[NewTask("a", "query", "manual")],
            cause="c",
            now=NOW,
        )
    say_before_labels(runtime, console)
    assert _printed(console).splitlines() == [
        "  the review queue is new, or an older copy: it does not have notes-round-000, whose answers stay in the "
        "tables; rounds are numbered on",
        "  class 'poems' is removed; nobody had answered it",
    ]


def test_nothing_is_asked_again_before_there_is_a_subset(tmp_path: Path) -> None:
    console = Console(file=StringIO(), width=300)
    say_asked_again(notes_runtime(tmp_path), console)
    assert _printed(console) == ""


def test_levels_and_what_is_waited_for_are_said(tmp_path: Path) -> None:
    runtime, console = notes_runtime(tmp_path), Console(file=StringIO(), width=300)
    rows = table("tree_explanation", [{"sentence": "Two levels.", "n_built": 0}, {"sentence": "Enough.", "n_built": 0}])
    runtime.store().write("tree_explanation", rows, run_id="run", code_version="1")
    write_step(runtime.store(), "cluster_tree", [{"level": 1, "n_samples": 1}])
    say_levels(runtime, console)
    say_waiting(RunOutcome(waiting_for=["notes-again-001"], waits_to_learn="0 answers"), console)
    levels, waiting = _printed(console).splitlines()
    assert levels.strip() == "Two levels. Enough."
    assert waiting == ("  labels, report and release stay as they are until notes-again-001 is answered (0 answers)")


def test_before_a_classifier_the_labels_are_those_of_the_answers_where_there_are_any(tmp_path: Path) -> None:
    runtime, console = notes_runtime(tmp_path), Console(file=StringIO(), width=200)
    say_no_classifier(runtime, console)
    keep_version(runtime.store(), "reviewed_labels", "notes-round-000")
    say_no_classifier(runtime, console)
    assert _printed(console).splitlines() == [
        "  no labels yet: the review batch waits for answers",
        "  the labels are those of the answers: there is nothing yet that proposes any",
    ]
