"""What a run says on its way."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from rich.console import Console
from schema_tables import table
from written_steps import keep_version, notes_runtime

from data_engine.orchestration.launch.said import say_asked_again, say_before_labels, say_levels, say_waiting
from data_engine.review import NewTask
from data_engine.terminal.run_summary import RunOutcome

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def _said(console: Console) -> str:
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
    assert _said(console).splitlines() == [
        "  the review queue is new, or an older copy: it does not have notes-round-000, whose answers stay in the "
        "tables; rounds are numbered on",
        "  class 'poems' is removed; nobody had answered it",
    ]


def test_nothing_is_asked_again_before_there_is_a_subset(tmp_path: Path) -> None:
    console = Console(file=StringIO(), width=300)
    say_asked_again(notes_runtime(tmp_path), console)
    assert _said(console) == ""


def test_levels_and_what_is_waited_for_are_said(tmp_path: Path) -> None:
    runtime, console = notes_runtime(tmp_path), Console(file=StringIO(), width=300)
    rows = table("tree_explanation", [{"sentence": "Two levels."}, {"sentence": "Enough."}])
    runtime.store().write("tree_explanation", rows, run_id="run", code_version="1")
    say_levels(runtime, console)
    say_waiting(RunOutcome(waiting_for=["notes-again-001"], waits_to_learn="0 answers"), console)
    levels, waiting = _said(console).splitlines()
    assert levels.strip() == "Two levels. Enough."
    assert waiting == ("  labels, report and release stay as they are until notes-again-001 is answered (0 answers)")
