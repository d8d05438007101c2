"""The commands `data-engine review export` and `data-engine review import`.

The other commands of the group are in `terminal/review_commands.py`.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from data_engine.terminal.command_options import CORPUS

if TYPE_CHECKING:
    from data_engine.orchestration.launch.project import Project
    from data_engine.review.exchange.taking_in import Import


class _FormatName(click.ParamType[str]):
    """The name of an exchange format; the registry is loaded when a name is looked at, not with the command line."""

    name = "format"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The name. Raises: BadParameter listing the names that there are."""
        from data_engine.review.exchange.registry import EXCHANGE_FORMATS

        if value not in EXCHANGE_FORMATS:
            self.fail(f"{value!r} is not one of {', '.join(EXCHANGE_FORMATS)}", param, ctx)
        return value


_FORM = click.option(
    "--format", "form", required=True, type=_FormatName(), help="label_studio, jsonl, csv, parquet or coco."
)
_MOST_NAMED = 10

#: What is said of answers by what became of them, in this order.
_SAID = {
    "new": ("answer is new", "answers are new"),
    "corrected": ("answer takes the place of an imported one", "answers take the place of imported ones"),
    "repeated": ("answer was there already", "answers were there already"),
    "older": (
        "answer is older than the imported one of now, and left out",
        "answers are older than the imported ones of now, and left out",
    ),
    "given_here": (
        "answer is left out, because the annotator answered here otherwise",
        "answers are left out, because the annotator answered here otherwise",
    ),
    "closed": (
        "answer is left out, because its task takes none any more",
        "answers are left out, because their tasks take none any more",
    ),
}


@click.command(name="export")
@CORPUS
@click.option("--batch", default=None, help="One review batch; all of the corpus without it.")
@_FORM
@click.option("--to", "to", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write.")
def export_command(corpus: str | None, batch: str | None, form: str, to: Path) -> None:
    """Write review batches with their answers to a file."""
    from data_engine.runtime.exchange.answer_files import export_batches
    from data_engine.terminal.plain_text import counted, shown

    written = export_batches(_project().runtime(corpus).one_question(), batch, form, to)
    n_answers = sum(len(task.answers) for task in written.tasks)
    batches = ", ".join(map(shown, written.batches))
    click.echo(f"wrote {counted(len(written.tasks), 'task')} with {counted(n_answers, 'answer')} of {batches} to {to}")


@click.command(name="import")
@CORPUS
@click.option("--batch", default=None, help="Review batch of answers that name none.")
@_FORM
@click.option("--from", "source", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to read.")
def import_command(corpus: str | None, batch: str | None, form: str, source: Path) -> None:
    """Put the answers of a file into the queue, all or none; they count as imported, whatever the file says."""
    from data_engine.runtime.exchange.answer_files import import_answers

    runtime = _project().runtime(corpus).one_question()
    found = import_answers(runtime, source, form, batch=batch, now=datetime.now(UTC))
    for line in said_of_import(found, runtime.corpus.name):
        click.echo(line)


def said_of_import(found: "Import", corpus: str, *, waits: bool = True) -> list[str]:
    """What became of an import, in lines; `waits` where answers are taken over when their batch is answered."""
    from data_engine.terminal.plain_text import counted, shown

    lines = []
    if found.batches:
        lines.append(f"opened {', '.join(map(shown, found.batches))} with {counted(found.n_tasks, 'task')}")
    for outcome, said in _SAID.items():
        names = found.outcomes.get(outcome, ())  # type: ignore[call-overload]
        if names:
            is_told = outcome in ("older", "given_here", "closed")
            which = f": {', '.join(map(shown, names[:_MOST_NAMED]))}" if is_told else ""
            lines.append(f"{len(names):,} {said[len(names) > 1]}{which}")
    if found.n_remarks:
        lines.append(f"{found.n_remarks:,} decisions, skips and drafts are new")
    if not found.has_changed:
        return [*lines, "nothing has changed"]
    when = ", once their review batches are answered" if waits else ""
    return [*lines, f"data-engine run {corpus} takes them over{when}"]


def _project() -> "Project":
    from data_engine.orchestration.launch.project import Project

    return Project.find(Path.cwd())
