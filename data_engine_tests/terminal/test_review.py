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
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.terminal.review import answer_in_terminal


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
    _, said = _review(runtime, "bakin\nbaking\n/quit\n")
    assert "'bakin' is not a class; near it: baking" in said
    assert _labels(runtime) == {"a": "baking"}


def test_a_task_can_be_skipped_and_the_review_stopped(runtime: CorpusRuntime) -> None:
    n_answers, said = _review(runtime, "/skip\n/quit\n")
    assert (n_answers, _labels(runtime)) == (0, {})
    assert said.endswith("0 answers kept; 2 tasks are open\n")
    # Who has skipped a task is not asked about it again.
    assert _review(runtime, "trains\n")[0] == 1
    assert _labels(runtime) == {"b": "trains"}


def test_an_answer_needs_a_name(runtime: CorpusRuntime) -> None:
    with pytest.raises(InvalidInput, match="give your name with --annotator"):
        answer_in_terminal(runtime, "", console=Console(file=StringIO()))


def test_questions_texts_uris_and_answers_are_shown_as_they_are(tmp_path: Path) -> None:
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
    assert "x[/y] 5.txt" in said
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
