"""The commands `data-engine release create`, `list`, `show`, `diff`, `verify`, `pin`, `rollback`, `delete`, `export`.

What they print is in `printing.py`; what they do is in `data_engine.runtime.releases`.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from data_engine.errors import InvalidInput
from data_engine.terminal.command_options import CORPUS, PRINTED_AS, user_name

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.orchestration.launch.project import Project
    from data_engine.runtime.releases.release_life import Releases

_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.group(invoke_without_command=True)
@CORPUS
@PRINTED_AS
@click.pass_context
def release(context: click.Context, corpus: str | None, form: str) -> None:
    """The releases of a corpus; without a further word, list them, the newest last."""
    if context.invoked_subcommand is None:
        _list(corpus, form)


@release.command(name="list")
@CORPUS
@PRINTED_AS
def list_releases(corpus: str | None, form: str) -> None:
    """List the releases of a corpus, the newest last. Ends with 1 where one cannot be read."""
    _list(corpus, form)


def _list(corpus: str | None, form: str) -> None:
    from data_engine.terminal.releases.printing import print_releases

    if not print_releases(_project().runtime(corpus), console=_console(), form=form):
        raise SystemExit(1)


@release.command()
@CORPUS
def create(corpus: str | None) -> None:
    """Make a release of the labels that there are now, answers and corrections included.

    No raw data is taken in, nothing is learnt, and nobody is asked.
    """
    from data_engine.orchestration.launch.commands import release_corpus

    project = _project()
    name = project.runtime(corpus).corpus.name
    before, known = {folder.name for folder in _releases(corpus).folders()}, _releases(corpus).current_id()
    release_corpus(project, name, console=_console())
    made = _releases(corpus).current()
    if made.name not in before:
        what = f"made release {made.name}"
    elif made.name == known:
        what = f"nothing has changed since release {made.name}"
    else:
        what = f"release {made.name} is current again: it has what there is now"
    click.echo(f"{what}\n{made}")


@release.command()
@click.argument("release_id", required=False)
@CORPUS
@PRINTED_AS
def show(release_id: str | None, corpus: str | None, form: str) -> None:
    """Show a release, or the one in service: samples, labels, splits, files. Of the forms, json has its manifest."""
    from data_engine.terminal.releases.printing import print_release

    if form == "csv":
        raise InvalidInput("a release is no table; take --format json, or data-engine release export for its rows")
    releases = _releases(corpus)
    folder = releases.named(release_id) if release_id else releases.in_service()
    print_release(releases, folder, console=_console(), form=form)


@release.command()
@click.argument("one")
@click.argument("other")
@CORPUS
@PRINTED_AS
def diff(one: str, other: str, corpus: str | None, form: str) -> None:
    """Say what differs from release ONE to release OTHER: what is declared, by class, and by sample with the reason."""
    from data_engine.terminal.releases.printing import print_differences

    print_differences(_releases(corpus), one, other, console=_console(), form=form)


@release.command()
@click.argument("release_id", required=False)
@CORPUS
def verify(release_id: str | None, corpus: str | None) -> None:
    """Read every byte of a release, or of all, against its manifest and its id. Ends with 1 where one is damaged."""
    releases = _releases(corpus)
    folders = [releases.named(release_id)] if release_id else releases.folders()
    is_whole = True
    for folder in folders:
        found = list(releases.damage(folder))
        is_whole = is_whole and not found
        click.echo(f"{folder.name}: {'damaged' if found else 'whole'}")
        for path, what in found:
            click.echo(f"  {path}: {what}")
    if not is_whole:
        click.echo("restore what is damaged from a backup; nothing makes a release of older tables again")
        raise SystemExit(1)


@release.command()
@click.argument("release_id")
@CORPUS
@click.option("--off", is_flag=True, help="Take the pin off.")
@click.option("--by", default=user_name, help="Who decides, as it is kept; by default your user name.")
@click.option("--why", default="", help="Why, in a sentence; it is kept with the pin.")
def pin(release_id: str, corpus: str | None, off: bool, by: str, why: str) -> None:
    """Keep a release from being deleted."""
    releases = _releases(corpus)
    if off:
        click.echo(f"release {releases.unpin(release_id)} may be deleted")
        return
    if not why:
        raise InvalidInput("a pin needs a reason; say it with --why")
    pinned = releases.pin(release_id, by=by, why=why, now=datetime.now(UTC))
    click.echo(f"release {pinned} stays until the pin is taken off with --off")


@release.command()
@click.argument("release_id", required=False)
@CORPUS
def rollback(release_id: str | None, corpus: str | None) -> None:
    """Put RELEASE_ID into service again, or the release before the one in service."""
    from data_engine.orchestration.launch.command_lock import corpus_lock

    releases = _releases(corpus)
    with corpus_lock(releases.runtime):
        chosen = releases.roll_back(release_id or "")
    click.echo(
        f"release {chosen} is in service: `release show`, `release export` and notebooks take it where none is named\n"
        f"nothing else changed: tables, labels and newer releases stay, and SQL shows the newest\n"
        f"the next new release takes its place: data-engine run {releases.runtime.corpus.name}"
    )


@release.command()
@click.argument("release_id")
@CORPUS
@_YES
def delete(release_id: str, corpus: str | None, yes: bool) -> None:
    """Delete a release that is neither pinned, nor in service, nor that of the tables."""
    from data_engine.orchestration.launch.command_lock import corpus_lock

    releases = _releases(corpus)
    name = releases.named(release_id).name
    if not yes and not click.confirm(f"delete release {name}? Nothing makes it again"):
        return
    with corpus_lock(releases.runtime):
        deleted, n_bytes = releases.delete(name)
    click.echo(
        f"deleted release {deleted}, {n_bytes / 1e6:,.1f} MB; what of the tables only it stood on goes with "
        f"data-engine clean {releases.runtime.corpus.name}"
    )


@release.command()
@click.argument("release_id", required=False)
@CORPUS
@click.option(
    "--format",
    "form",
    required=True,
    help="parquet, jsonl, csv, hf, webdataset, imagefolder, audiofolder, coco, yolo, masks, geojson, geoparquet.",
)
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), help="The folder, new or empty.")
@click.option("--question", default="", help="Of several questions, the one whose classes are shown.")
def export(release_id: str | None, corpus: str | None, form: str, folder: Path, question: str) -> None:
    """Write a release, or the one in service, as a folder for one library."""
    from data_engine.releasing import export_release, lines_to_load

    releases = _releases(corpus)
    chosen = releases.named(release_id) if release_id else releases.in_service()
    place = export_release(chosen, form, folder, question=question)
    click.echo(f"wrote release {chosen.name} to {place}; there it is loaded with\n")
    lines = lines_to_load(chosen, form).splitlines()
    click.echo("\n".join(f"    {line}".rstrip() for line in lines))


def _releases(corpus: str | None) -> "Releases":
    from data_engine.runtime.releases.release_life import Releases

    return Releases(_project().runtime(corpus))


def _project() -> "Project":
    from data_engine.orchestration.launch.project import Project

    return Project.find(Path.cwd())


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 110)
