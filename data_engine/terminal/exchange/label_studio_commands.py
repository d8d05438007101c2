"""The commands `data-engine label-studio push` and `data-engine label-studio pull`.

Files of Label Studio are for `data-engine review import`, in `file_commands.py`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from data_engine.terminal.command_options import CORPUS

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime

_MOST_NAMED = 10
_SAID = {
    "new": "new",
    "corrected": "corrected there",
    "repeated": "known already",
    "older": "older than those of now",
    "given_here": "left out, as their annotators answered here otherwise",
    "closed": "left out, as their tasks take none any more",
}


def _of_a_project(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that both commands have."""
    for option in (
        click.option("--project", required=True, type=click.IntRange(1), help="Number of the project there."),
        click.option("--url", required=True, help="Address of the server, such as http://localhost:8080."),
        CORPUS,
    ):
        command = option(command)
    return command


@click.group(name="label-studio")
def label_studio() -> None:
    """Ask in a project of Label Studio. The variable LABEL_STUDIO_API_KEY holds the token."""


@label_studio.command()
@_of_a_project
def push(corpus: str | None, url: str, project: int) -> None:
    """Add the open review tasks to the project, the most urgent first; those that are there stay as they are."""
    from data_engine.runtime.exchange.label_studio import push_tasks
    from data_engine.terminal.plain_text import counted, shown

    pushed = push_tasks(_runtime(corpus), url, project)
    click.echo(f"{counted(pushed.n_new, 'task')} added, {counted(pushed.n_there, 'task')} there already")
    for remark in pushed.remarks:
        click.echo(shown(remark))


@label_studio.command()
@_of_a_project
def pull(corpus: str | None, url: str, project: int) -> None:
    """Take over the answers that have changed since the last pull. Ends with 1 where some cannot be read."""
    from data_engine.runtime.exchange.label_studio import pull_answers
    from data_engine.terminal.plain_text import counted, shown

    runtime = _runtime(corpus)
    pulled = pull_answers(runtime, url, project, now=datetime.now(UTC))
    said = [f"{pulled.outcomes[name]:,} {what}" for name, what in _SAID.items() if pulled.outcomes[name]]  # type: ignore[index]
    click.echo(f"{counted(pulled.n_changed, 'changed task')}; answers: {', '.join(said) or 'none'}")
    if pulled.n_foreign:
        click.echo(f"{counted(pulled.n_foreign, 'task')} of the project did not come from this queue")
    for each in pulled.unread[:_MOST_NAMED]:
        click.echo(shown(each), err=True)
    if pulled.unread:
        click.echo(f"{counted(len(pulled.unread), 'answer')} cannot be read; the next pull tries again", err=True)
        raise SystemExit(1)


def _runtime(corpus: str | None) -> "CorpusRuntime":
    from data_engine.orchestration.launch.project import Project

    return Project.find(Path.cwd()).runtime(corpus).one_question()
