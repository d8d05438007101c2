"""Review in the terminal: one task after the other, through the same queue and the same leases as any other way."""

import time
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING
from uuid import uuid4

import click

from data_engine.errors import InvalidInput
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.terminal.plain_text import counted, plain, shown
from data_engine.terminal.thumbnails import drawn

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.review import Lease


def answer_in_terminal(runtime: CorpusRuntime, annotator: str, *, console: "Console") -> int:
    """Ask one task after the other until none is left or the annotator stops.

    Returns: answers given. Raises: InvalidInput when the annotator has no name.
    """
    if not annotator:
        raise InvalidInput("an answer needs somebody to stand for it; give your name with --annotator")
    n_answers = 0
    with runtime.queue() as queue:
        while (lease := queue.next(annotator, now=datetime.now(UTC), corpus=runtime.corpus.name)) is not None:
            shown_at = time.monotonic()
            answer = _ask(runtime, lease, console)
            if answer is None:
                break
            if answer == "":
                queue.release(lease.lease_id, reason="skipped in the terminal", now=datetime.now(UTC))
                continue
            seconds = time.monotonic() - shown_at
            queue.submit(lease.lease_id, uuid4().hex, label=answer, now=datetime.now(UTC), active_s=seconds)
            n_answers += 1
        left = queue.open_tasks(runtime.corpus.name)
    are = "is" if left == 1 else "are"
    console.print(plain(f"{counted(n_answers, 'answer')} kept; {counted(left, 'task')} {are} open"))
    return n_answers


def _ask(runtime: CorpusRuntime, lease: "Lease", console: "Console") -> str | None:
    """The chosen class; an empty text to skip the task, None to stop."""
    from rich.panel import Panel

    task = lease.task
    content = drawn(runtime, task.sample_id, console) or plain(task.payload.get("text") or "")
    console.print(Panel(content, title=plain(task.question), subtitle=plain(task.payload.get("uri", ""))))
    hint = f" [Enter for {shown(task.proposed_label)}]" if task.proposed_label else ""
    while True:
        said = _typed(f"class{hint}, /skip or /quit", task.proposed_label or "")
        if said in ("/quit", "/skip"):
            return None if said == "/quit" else ""
        if said in task.classes:
            return str(said)
        near = get_close_matches(said, task.classes, n=5, cutoff=0.3) or list(task.classes[:5])
        console.print(plain(f"{said!r} is not a class; near it: {', '.join(near)}"))


def _typed(prompt: str, default: str) -> str:
    """What was typed; the end of the input is `/quit`."""
    try:
        return str(click.prompt(prompt, default=default, show_default=False)).strip()
    except click.Abort as abort:
        if isinstance(abort.__context__, EOFError):
            return "/quit"
        raise KeyboardInterrupt from abort
