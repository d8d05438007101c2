"""A review in the terminal: what a person types, and what the queue then holds."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from rich.console import Console
from written_steps import notes_runtime

from data_engine.errors import InvalidInput
from data_engine.review import NewTask
from data_engine.review.people.person_queue import PersonQueue
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.terminal.review import answer_in_terminal, print_skipped


@pytest.fixture
def runtime(tmp_path: Path) -> CorpusRuntime:
    """Two tasks: a plain one, and one with the proposal `trains`."""
    made = notes_runtime(tmp_path)
    tasks = [
        NewTask(sample_id="a", purpose="query", arm="manual", payload={"text": "dough", "uri": "u1"}, priority=2),
        NewTask(
            sample_id="b",
            purpose="query",
            arm="assisted",
            payload={"text": "rails"},
            proposed_label="trains",
            priority=1,
        ),
    ]
    with made.queue() as queue:
        queue.open_batch(
            "one",
            corpus="notes",
            question="About?",
            classes=["baking", "trains"],
            tasks=tasks,
            cause="c",
            now=datetime.now(UTC),
        )
    return made


def test_what_is_done_in_the_terminal_leaves_lines_of_the_person_and_no_token(runtime: CorpusRuntime) -> None:
    _review(runtime, "baking\n/undo\ntrains\n/skip\n/quit\n")
    with PersonQueue(runtime.queue_url) as queue:
        lines = [(line.kind, line.annotator, line.token_id) for line in queue.actions()]
    assert lines == [("answered", "ada", None), ("corrected", "ada", None), ("skipped", "ada", None)]


def _review(runtime: CorpusRuntime, typed: str) -> tuple[int, str]:
    console = Console(file=StringIO(), width=100)
    with CliRunner().isolation(input=typed):
        n_answers = answer_in_terminal(runtime, "ada", console=console)
    assert isinstance(console.file, StringIO)
    return n_answers, console.file.getvalue()


def _labels(runtime: CorpusRuntime) -> dict[str, str]:
    with runtime.queue() as queue:
        return {row["sample_id"]: row["label"] for row in queue.answers("one").to_pylist()}


def test_answers_are_kept_and_enter_takes_what_is_proposed(runtime: CorpusRuntime) -> None:
    n_answers, said = _review(runtime, "baking\n\n")
    assert n_answers == 2
    assert _labels(runtime) == {"a": "baking", "b": "trains"}
    assert "About?" in said
    assert "dough" in said
    assert said.endswith("2 answers kept; 0 tasks are open\n")


def test_a_class_that_there_is_not_is_asked_again_with_near_ones(runtime: CorpusRuntime) -> None:
    _, said = _review(runtime, "backing\nn\nbaking\n/quit\n")
    assert "'backing' is not a class; near it: baking" in said
    assert _labels(runtime) == {"a": "baking"}


@pytest.mark.parametrize("typed", ["1", "B", "bak", "BAKING", "backing\ny"])
def test_a_class_is_chosen_by_number_start_or_likeness_in_any_case(runtime: CorpusRuntime, typed: str) -> None:
    _, said = _review(runtime, f"{typed}\n/QUIT\n")
    assert _labels(runtime) == {"a": "baking"}
    assert "1 baking   2 trains" in said
    assert "1 of 2" in said
    assert "2 of 2" in said


def test_the_last_answers_can_be_undone_also_when_no_task_is_left(runtime: CorpusRuntime) -> None:
    n_answers, said = _review(runtime, "trains\n/undo\nbaking\ntrains\n/undo\n1\n/undo\n/skip\n\n")
    assert n_answers == 2
    assert "was trains, is baking" in said
    assert "stays baking" in said
    assert _labels(runtime) == {"a": "baking", "b": "baking"}


def test_nothing_is_undone_before_the_first_answer_and_help_says_what_can_be_typed(runtime: CorpusRuntime) -> None:
    n_answers, said = _review(runtime, "/undo\n/help\n/open\n/quit\n")
    assert n_answers == 0
    assert "nothing was answered in this review yet" in said
    assert "/skip      leaves this task" in said
    assert "this is a text" in said


def test_skipped_tasks_are_listed_and_come_again_when_nothing_else_is_left(runtime: CorpusRuntime) -> None:
    _, said = _review(runtime, "/skip\ntrains\nbaking\n")
    assert "1 of 1; skipped before, nothing else is left" not in said
    assert "skipped before, nothing else is left" in said
    assert _labels(runtime) == {"a": "baking", "b": "trains"}
    console = Console(file=StringIO(), width=100)
    print_skipped(runtime, "ada", console=console)
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue() == "0 tasks skipped by ada\n"


def test_open_tasks_that_were_skipped_are_named(runtime: CorpusRuntime) -> None:
    _review(runtime, "/skip\n/quit\n")
    console = Console(file=StringIO(), width=100)
    print_skipped(runtime, "ada", console=console)
    assert isinstance(console.file, StringIO)
    assert "one  dough  (skipped in the terminal)" in console.file.getvalue()
    assert "1 task skipped by ada; they come again when nothing else is left" in console.file.getvalue()


def test_a_task_can_be_skipped_and_the_review_stopped(runtime: CorpusRuntime) -> None:
    n_answers, said = _review(runtime, "/skip\n/quit\n")
    assert (n_answers, _labels(runtime)) == (0, {})
    assert said.endswith("0 answers kept; 2 tasks are open\n")
    # Who has skipped a task is asked about the others first.
    assert _review(runtime, "trains\n")[0] == 1
    assert _labels(runtime) == {"b": "trains"}


def test_an_answer_needs_a_name(runtime: CorpusRuntime) -> None:
    with pytest.raises(InvalidInput, match="give your name with --annotator"):
        answer_in_terminal(runtime, "", console=Console(file=StringIO()))


def test_where_a_sample_is_from_which_may_tell_its_class_is_not_shown(tmp_path: Path) -> None:
    made = notes_runtime(tmp_path)
    task = NewTask(sample_id="a", purpose="query", arm="manual", payload={"uri": "trains/7.png"})
    with made.queue() as queue:
        queue.open_batch(
            "one",
            corpus="notes",
            question="?",
            classes=["baking", "trains"],
            tasks=[task],
            cause="c",
            now=datetime.now(UTC),
        )
        (task_id,) = queue.tables()["review_task"]["task_id"].to_pylist()
    _, said = _review(made, "/s\n/q\n")
    assert task_id[:12] in said
    assert "trains/7.png" not in said
    console = Console(file=StringIO(), width=100)
    print_skipped(made, "ada", console=console)
    assert isinstance(console.file, StringIO)
    assert task_id[:12] in console.file.getvalue() and "trains/7.png" not in console.file.getvalue()


def test_commands_may_be_cut_to_a_letter(runtime: CorpusRuntime) -> None:
    n_answers, said = _review(runtime, "/h\nbaking\n/u\ntrains\n/sk\n/Q\n")
    assert n_answers == 1
    assert "commands begin with / and may be cut to one letter, /s for /skip" in said
    assert _labels(runtime) == {"a": "trains"}


def test_questions_texts_and_answers_are_shown_as_they_are(tmp_path: Path) -> None:
    made = notes_runtime(tmp_path)
    payload = {"text": "\x1b[2J [bold]dough[/bold]", "uri": "x[/y] 5.txt"}
    task = NewTask(sample_id="a", purpose="query", arm="manual", payload=payload)
    with made.queue() as queue:
        queue.open_batch(
            "one",
            corpus="notes",
            question="Is it [spam] or [/ham]?",
            classes=["[spam]", "[/ham]"],
            tasks=[task],
            cause="c",
            now=datetime.now(UTC),
        )
    n_answers, said = _review(made, "[/spam]\nx\n[/ham]\n")
    assert n_answers == 1
    assert "Is it [spam] or [/ham]?" in said
    assert "\\x1b[2J [bold]dough[/bold]" in said
    assert "'[/spam]' is not a class; near it: [spam], [/ham]" in said
    assert "\x1b" not in said
    assert _labels(made) == {"a": "[/ham]"}


def test_the_end_of_the_input_ends_the_review_and_an_interrupt_goes_on_up(
    runtime: CorpusRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_answers, said = _review(runtime, "baking\n")
    assert n_answers == 1
    assert said.endswith("1 answer kept; 1 task is open\n")

    def interrupted(*_: object, **__: object) -> str:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            raise click.Abort from None

    monkeypatch.setattr(click, "prompt", interrupted)
    with pytest.raises(KeyboardInterrupt):
        _review(runtime, "")
