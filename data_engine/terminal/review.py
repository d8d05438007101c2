"""Review in the terminal: one task after the other, through the same queue and the same leases as any other way.

Which class is meant by what was typed is in `class_choice.py`.
"""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from data_engine.errors import InvalidInput
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.review_rounds import what_is_left
from data_engine.terminal.class_choice import chosen, listed
from data_engine.terminal.image_viewer import open_image
from data_engine.terminal.plain_text import counted, plain, shown
from data_engine.terminal.thumbnails import drawn

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.review import Lease
    from data_engine.review.people.person_queue import PersonQueue
    from data_engine.review.people.tokens import Person
    from data_engine.review.queue_records import Task

#: Characters of a task's id that stand for it.
_ID_CHARS = 12
_QUIT, _SKIP, _UNDO, _OPEN, _SAY_HELP = _COMMANDS = "/quit", "/skip", "/undo", "/open", "/help"
_UNDOES = ("/undo", "/u")
_HELP = (
    "type a class, its number or the start of its name; upper and lower case are the same",
    "Enter      takes the class that is proposed, where one is",
    "/skip      leaves this task; it comes again when nothing else is left",
    "/undo      shows the task before this one again, to answer it otherwise",
    "/open      opens an image in the viewer; o does the same for images",
    "/help      says this again, with the classes",
    "/quit      ends the review; every answer given is kept",
    "commands begin with / and may be cut to one letter, /s for /skip; on the review page the keys are s, u and i",
)


def answer_in_terminal(runtime: CorpusRuntime, annotator: str, *, console: "Console") -> int:
    """Ask one task after the other until none is left or the annotator stops.

    Every answer, correction and skip leaves a line of this person, who needs no token here.

    Returns: answers given. Raises: InvalidInput when the annotator has no name.
    """
    from data_engine.review.people.person_queue import PersonQueue

    if not annotator:
        raise InvalidInput("an answer needs somebody to stand for it; give your name with --annotator")
    if not runtime.corpus.has_labels:
        raise InvalidInput(
            f"corpus {runtime.corpus.name} has no block labels, so there is nothing to answer; add one to "
            "its defs.yaml and run it"
        )
    if runtime.corpus.asks_for_objects:
        raise InvalidInput(
            f"corpus {runtime.corpus.name} asks for the objects of images, which nobody can draw in a terminal; answer "
            f"on the review page, data-engine review --corpus {runtime.corpus.name}, or import answers from a file"
        )
    with PersonQueue(runtime.queue_url) as queue:
        review = _Review(runtime, queue, person_in_terminal(annotator), console)
        while review.ask_next():
            pass
        left = queue.open_tasks(runtime.corpus.name)
    if left == 0:
        console.print(plain(what_is_left(runtime)))
    are = "is" if left == 1 else "are"
    console.print(plain(f"{counted(review.n_answers, 'answer')} kept; {counted(left, 'task')} {are} open"))
    return review.n_answers


def person_in_terminal(annotator: str) -> "Person":
    """Whoever sits at the terminal of this machine: may answer, and needs no token."""
    from data_engine.review.people.tokens import Person

    return Person(annotator, "annotator", None)


def print_skipped(runtime: CorpusRuntime, annotator: str, *, console: "Console") -> None:
    """Print the open tasks that somebody has skipped, the longest ago first."""
    with runtime.queue() as queue:
        skipped = queue.skipped(annotator, runtime.corpus.name)
    for task in skipped:
        content = " ".join(str(task.payload.get("text") or task.task_id[:_ID_CHARS]).split())
        console.print(plain(f"{task.skipped_at:%Y-%m-%d %H:%M}  {task.batch_id}  {content[:60]}  ({task.reason})"))
    again = "; they come again when nothing else is left" if skipped else ""
    console.print(plain(f"{counted(len(skipped), 'task')} skipped by {annotator}{again}"))


@dataclass
class _Review:
    """A review by one person: what was answered in it, so that it can be undone."""

    runtime: CorpusRuntime
    queue: "PersonQueue"
    person: "Person"
    console: "Console"
    n_answers: int = 0
    _given: list[tuple["Task", str, str]] = field(default_factory=list)
    _classes: tuple[str, ...] = ()

    def ask_next(self) -> bool:
        """Ask the next task; False when the review is over."""
        lease = next(iter(self.queue.take(self.person, corpus=self.runtime.corpus.name, now=self.queue.clock())), None)
        if lease is None:
            is_undone = (
                bool(self._given) and _command(_typed("no task is left; /undo, or Enter to end", _QUIT)) == _UNDO
            )
            if is_undone:
                self._undo()
            return is_undone
        shown_at = time.monotonic()
        said = self._ask(lease.task, self._place(lease))
        if said == _UNDO:
            self._undo()
        elif said == _SKIP:
            self.queue.skip(self.person, lease.lease_id, reason="skipped in the terminal", now=self.queue.clock())
        elif said != _QUIT:
            self._submit(lease, said, time.monotonic() - shown_at)
        return said != _QUIT

    def _submit(self, lease: "Lease", label: str, seconds: float) -> None:
        now = self.queue.clock()
        kept = self.queue.answer(self.person, lease.lease_id, uuid4().hex, label=label, now=now, active_s=seconds)
        self._given.append((lease.task, kept.annotation_id, label))
        self.n_answers += 1

    def _undo(self) -> None:
        """Ask the last answered task again; its answer is replaced, and stays where it is skipped."""
        if not self._given:
            self.console.print("nothing was answered in this review yet")
            return
        task, annotation_id, before = self._given.pop()
        label = self._ask(task, f"again; it is {before}")
        if label in (_SKIP, _QUIT):
            self.console.print(plain(f"stays {before}"))
            self._given.append((task, annotation_id, before))
        elif label == _UNDO:
            self._undo()
            self._given.append((task, annotation_id, before))
        else:
            now = self.queue.clock()
            self.queue.revise(self.person, annotation_id, label=label, now=now)
            self._given.append((task, annotation_id, label))
            self.console.print(plain(f"was {before}, is {label}"))

    def _place(self, lease: "Lease") -> str:
        n_open = self.queue.open_tasks(self.runtime.corpus.name)
        place = f"{self.n_answers + 1:,} of {self.n_answers + n_open:,}"
        return f"{place}; skipped before, nothing else is left" if lease.task.was_skipped else place

    def _ask(self, task: "Task", place: str) -> str:
        """The chosen class, or the command that was typed."""
        from rich.panel import Panel

        content = drawn(self.runtime, task.sample_id, self.console) or plain(task.payload.get("text") or "")
        # Where a sample is from may tell its class, and its id that it was asked before; that of the task is mute.
        below = f"{place}  {task.task_id[:_ID_CHARS]}"
        self.console.print(Panel(content, title=plain(task.question), subtitle=plain(below)))
        if task.classes != self._classes:
            self._classes = task.classes
            self.console.print(plain(listed(task.classes)))
        hint = f" [Enter for {shown(task.proposed_label)}]" if task.proposed_label else ""
        while True:
            said = self._understood(
                _typed(f"class{hint}, /skip, /undo, /help or /quit", task.proposed_label or ""), task
            )
            if said is not None:
                return said

    def _understood(self, said: str, task: "Task") -> str | None:
        """The class or command that was meant; None where it has to be asked again."""
        command = _command(said)
        if command in (_QUIT, _SKIP, _UNDO):
            return command
        has_image = self.runtime.corpus.samples.has_image
        is_open = command == _OPEN or (command == "o" and has_image)
        if is_open and said not in task.classes:
            what = open_image(self.runtime, task.sample_id) if has_image else "this is a text"
            self.console.print(plain(what))
            return None
        if command == _SAY_HELP:
            for line in (*_HELP, listed(task.classes)):
                self.console.print(plain(line))
            return None
        choice = chosen(said, task.classes)
        if choice.name is not None:
            return choice.name
        self.console.print(plain(f"{said!r} is not a class; near it: {', '.join(choice.near)}"))
        if choice.is_guess and _typed(f"take {shown(choice.near[0])}? y or n", "n").casefold() in ("y", "yes"):
            return choice.near[0]
        return None


def _command(said: str) -> str:
    """The command that was meant, which may be cut; other words in small letters."""
    folded = said.casefold()
    return next((name for name in _COMMANDS if len(folded) > 1 and name.startswith(folded)), folded)


def _typed(prompt: str, default: str) -> str:
    """What was typed; the end of the input is `/quit`."""
    try:
        return str(click.prompt(prompt, default=default, show_default=False)).strip()
    except click.Abort as abort:
        if isinstance(abort.__context__, EOFError):
            return _QUIT
        raise KeyboardInterrupt from abort
