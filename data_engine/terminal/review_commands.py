"""The commands `data-engine review` and `data-engine review tokens`; the others are in `cli.py`.

The page is served by `orchestration/launch/review_page.py`, answers in the terminal are asked for in `review.py`.
"""

import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from data_engine.terminal.command_options import user_name

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.orchestration.launch.project import Project
    from data_engine.review.people.person_queue import PersonQueue
    from data_engine.runtime.corpus_runtime import CorpusRuntime


@click.group(invoke_without_command=True)
@click.option("--corpus", default=None, help="Name of the corpus; without it, the page shows all of them.")
@click.option("--question", default="", help="Name of the question, of a corpus that asks several.")
@click.option("--annotator", default=user_name, help="Your name, as it is kept with the answers.")
@click.option(
    "--port", default=3001, show_default=True, type=click.IntRange(0, 65535), help="Port of the page; 0 for a free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address that the page listens on.")
@click.option("--allow-host", "names", multiple=True, help="Another host name of the page; may be given repeatedly.")
@click.option("--ask", type=click.IntRange(1, 10_000), help="Open a batch of this size for people, if none waits.")
@click.option("--terminal", is_flag=True, help="Answer here in the terminal; /help says what can be typed.")
@click.option("--skipped", is_flag=True, help="Only list the tasks that you have skipped.")
@click.option("--beside-ui", "parent", type=int, hidden=True)
@click.pass_context
def review(
    context: click.Context,
    corpus: str | None,
    question: str,
    annotator: str,
    port: int,
    host: str,
    names: tuple[str, ...],
    ask: int | None,
    terminal: bool,
    skipped: bool,
    parent: int | None,
) -> None:
    """Answer the open review tasks: serve the review page and print its address."""
    if context.invoked_subcommand is not None:
        return
    if parent is not None:
        from data_engine.review_page.server import end_with

        end_with(parent)
    from data_engine.orchestration.launch.review_page import Serving, open_batch, serve_page
    from data_engine.terminal.review import answer_in_terminal, print_skipped

    project = _project()
    asked = project.runtime(corpus).of_question(question).corpus.name if question else corpus
    if ask is not None:
        open_batch(_question_of(project, asked), ask, by=annotator, say=click.echo)
    if skipped:
        print_skipped(_question_of(project, asked), annotator, console=_console())
    elif terminal:
        answer_in_terminal(_question_of(project, asked), annotator, console=_console())
    else:
        serving = Serving(annotator, host=host, port=port, names=names, is_beside_ui=parent is not None)
        serve_page(project, asked, serving, say=click.echo)


def _question_of(project: "Project", corpus: str | None) -> "CorpusRuntime":
    """A corpus, or the one of its questions that is meant: the only one with open tasks, or the one that is typed.

    Raises: InvalidInput where several are open and nobody can be asked.
    """
    runtime = project.runtime(corpus)
    with runtime.queue() as queue:
        found = [each for each in runtime.questions if queue.open_tasks(each.corpus.name)]
    if len(found) == 1:
        return found[0]
    if found and sys.stdin.isatty():
        return runtime.of_question(
            click.prompt("which question?", type=click.Choice([each.question for each in found]))
        )
    return runtime.one_question()


@review.group()
def tokens() -> None:
    """Who may open the review page."""


@tokens.command()
@click.argument("annotator")
@click.option(
    "--role",
    default="annotator",
    show_default=True,
    type=click.Choice(["annotator", "reviewer", "admin"]),
    help="Annotators answer, reviewers also decide what is disputed, admins also see tokens and changes.",
)
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 366), help="How long the token lasts.")
def create(annotator: str, role: str, days: int) -> None:
    """Make a token for ANNOTATOR and print it, this once."""
    with _queue() as queue:
        secret, info = queue.create_token(annotator, role, lasts=timedelta(days=days), now=queue.clock())
    click.echo(f"token {info.token_id} for {annotator}, {role}, until {info.expires_at:%Y-%m-%d %H:%M} UTC")
    click.echo(f"send them the address of the page with this at its end:\n/#token={secret}")


@tokens.command(name="list")
def list_tokens() -> None:
    """List the tokens, the oldest first."""
    from data_engine.terminal.plain_text import counted, shown

    with _queue() as queue:
        found, now = queue.tokens(), queue.clock()
    for info in found:
        is_old = info.expires_at <= now
        state = "revoked" if info.revoked_at else "too old" if is_old else f"until {info.expires_at:%Y-%m-%d %H:%M} UTC"
        click.echo(f"{info.token_id}  {info.role:<9}  {state:<26}  {shown(info.annotator)}")
    click.echo(counted(len(found), "token"))


@tokens.command()
@click.argument("token_id")
def revoke(token_id: str) -> None:
    """Let the token TOKEN_ID open nothing any more."""
    with _queue() as queue:
        info = queue.revoke_token(token_id, now=queue.clock())
    click.echo(f"token {info.token_id} of {info.annotator} opens nothing any more")


def _queue() -> "PersonQueue":
    from data_engine.orchestration.launch.review_page import queue_of

    return queue_of(_project())


def _project() -> "Project":
    from data_engine.orchestration.launch.project import Project

    return Project.find(Path.cwd())


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 110)
