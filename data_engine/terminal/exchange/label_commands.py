"""The commands `data-engine labels export` and `data-engine labels import`.

Review batches with the answers of each annotator are exchanged by `file_commands.py`.
"""

from datetime import UTC, datetime
from pathlib import Path

import click

from data_engine.terminal.command_options import CORPUS, user_name
from data_engine.terminal.exchange.file_commands import said_of_import

_QUESTION = click.option("--question", default="", help="Name of the question, of a corpus that asks several.")
_FORM = click.option(
    "--format", "form", default=None, help="csv, jsonl, parquet or label_studio; else by the end of the name."
)


@click.group()
def labels() -> None:
    """Labels to a file, and corrections of them out of one."""


@labels.command(name="export")
@click.argument("to", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@CORPUS
@_QUESTION
@_FORM
def export_labels_command(to: Path, corpus: str | None, question: str, form: str | None) -> None:
    """Write the label of every labelled sample to FILE."""
    from data_engine.orchestration.launch.project import Project
    from data_engine.runtime.exchange.corrections import export_labels, format_of
    from data_engine.terminal.plain_text import counted

    runtime = Project.find(Path.cwd()).runtime(corpus).one_question(question)
    n = export_labels(runtime, format_of(to, form), to)
    click.echo(f"wrote {counted(n, 'label')} of {runtime.corpus.name} to {to}")


@labels.command(name="import")
@click.argument("source", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@CORPUS
@_QUESTION
@_FORM
@click.option("--annotator", default=user_name, help="Your name: whose corrections these are where FILE names nobody.")
def import_labels_command(source: Path, corpus: str | None, question: str, form: str | None, annotator: str) -> None:
    """Take the labels of FILE as corrections, all or none; they stand in the place of older answers and proposals."""
    from data_engine.orchestration.launch.project import Project
    from data_engine.runtime.exchange.corrections import format_of, import_corrections
    from data_engine.terminal.plain_text import counted

    runtime = Project.find(Path.cwd()).runtime(corpus).one_question(question)
    found = import_corrections(runtime, source, format_of(source, form), by=annotator, now=datetime.now(UTC))
    if found.n_same:
        click.echo(f"{counted(found.n_same, 'label')} of the file {'is' if found.n_same == 1 else 'are'} as now")
    for line in said_of_import(found.found, runtime.corpus.name, waits=False):
        click.echo(line)
