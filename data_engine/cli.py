"""The command line: init, add, run, plan, why, sql, review, release, check, backfill, reset, ui and the others."""

import subprocess
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from data_engine.errors import InvalidInput
from data_engine.errors.boundary import secrets_hidden
from data_engine.terminal.command_options import CORPUS, PRINTED_AS
from data_engine.terminal.estimates.command import estimate
from data_engine.terminal.exchange.backup_commands import backup, restore
from data_engine.terminal.exchange.file_commands import export_command, import_command
from data_engine.terminal.exchange.label_commands import labels
from data_engine.terminal.exchange.label_studio_commands import label_studio
from data_engine.terminal.exchange.notice_commands import notices_command
from data_engine.terminal.last_words import last_words, with_quick_ends
from data_engine.terminal.models.commands import models
from data_engine.terminal.releases.commands import release
from data_engine.terminal.releases.forget_command import forget
from data_engine.terminal.review_commands import review

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.orchestration.launch.project import Project


class _Interrupted(click.ClickException):
    exit_code = 130


class _Commands(click.Group):
    """Commands whose errors are printed as one sentence, without a traceback."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **named: Any) -> Any:
        if args is not None:
            return super().main(args, *more, **named)
        # The words of this process' own command line.
        return with_quick_ends(lambda: super(_Commands, self).main(None, *more, **named))

    def invoke(self, ctx: click.Context) -> object:
        try:
            with secrets_hidden():
                return super().invoke(ctx)
        except (BrokenPipeError, click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except (Exception, KeyboardInterrupt) as error:
            if ctx.params.get("debug") and not isinstance(error, KeyboardInterrupt):
                traceback.print_exception(error)
            said, status = last_words(error)
            raise (_Interrupted if status == _Interrupted.exit_code else click.ClickException)(said) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="data-engine")
@click.option("--debug", is_flag=True, envvar="DATA_ENGINE_DEBUG", help="Print the traceback of an error.")
def main(debug: bool) -> None:  # noqa: ARG001
    """From piles of raw text and images to a small, balanced, labelled, checked training set."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A terminal that has no such character is no reason to end a command.
            stream.reconfigure(errors="backslashreplace")


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Make a project of your own in FOLDER, which is new or empty: settings, an example corpus, a README."""
    from data_engine.new_project.project_files import make_project
    from data_engine.shipped import shipped_dagster_yaml

    made = make_project(folder, shipped_dagster_yaml().read_text("utf-8"))
    click.echo(f"made the project {made}; go on with\n  cd {folder}\n  data-engine run example")


@main.command()
@click.argument("corpus")
@click.option("--from", "place", required=True, type=click.Path(path_type=Path), help="File or folder with the data.")
@click.option("--text", help="Column of the text, in place of a guess.")
@click.option("--label", help="Column of the label, in place of a guess.")
def add(corpus: str, place: Path, text: str | None, label: str | None) -> None:
    """Look at data, write a commented defs.yaml for them as the new corpus CORPUS, and say what was guessed."""
    from data_engine.new_project.corpus_file import add_corpus, said_of
    from data_engine.new_project.data_look import look_at
    from data_engine.terminal.plain_text import shown

    project = _project(makes_home=False)
    look = look_at(place, text=text, label=label)
    path = add_corpus(corpus, look, project_folder=project.folder, defs_folder=project.defs_folder)
    for line in said_of(look):
        click.echo(shown(line))
    click.echo(f"wrote {path}\nlook at it, then: data-engine run {corpus}")


@main.command()
@click.argument("corpus")
@click.option("--batches", default="", help="Take in only these ingestion batches, separated by commas.")
@click.option(
    "--timings", type=click.Path(dir_okay=False, path_type=Path), help="Write what took how long to this file, as JSON."
)
def run(corpus: str, batches: str, timings: Path | None) -> None:
    """Bring the whole graph of CORPUS up to date; do only what is missing or stale."""
    from data_engine.orchestration.launch.commands import run_corpus

    only = tuple(name.strip() for name in batches.split(",") if name.strip())
    if not run_corpus(_project(), corpus, console=_console(), only=only, timings=timings):
        raise SystemExit(1)


@main.command()
@click.argument("corpus")
@PRINTED_AS
def plan(corpus: str, form: str) -> None:
    """Say what differs since the last run of CORPUS, and what a run would therefore do; nothing is done or written."""
    from data_engine.orchestration.launch.run_plan import plan_run
    from data_engine.runtime.corpus_runtime import whole_corpus
    from data_engine.terminal.row_formats import write_rows
    from data_engine.terminal.run_plan import print_plan

    found = plan_run(whole_corpus(_project(makes_home=False).runtime(corpus))[0])
    if form == "table":
        print_plan(found, console=_console())
    else:
        write_rows(found.rows(), form, sys.stdout)


@main.command()
@click.argument("sample_id")
@CORPUS
@PRINTED_AS
def why(sample_id: str, corpus: str | None, form: str) -> None:
    """Say what every step decided about a sample, and why. The start of the id is enough."""
    from data_engine.terminal.why import print_why

    print_why(_project().runtime(corpus), sample_id, console=_console(), form=form)


@main.command()
@click.argument("query")
@CORPUS
@click.option("--limit", type=click.IntRange(0), help="Most rows to print; 50 of a table, else all.")
@PRINTED_AS
def sql(query: str, corpus: str | None, limit: int | None, form: str) -> None:
    """Ask any table or SQL model: data-engine sql "select * from funnel_stages"."""
    from data_engine.runtime.sql_models import ask
    from data_engine.terminal.row_formats import write_rows
    from data_engine.terminal.tables import print_table

    rows = ask(_project().runtime(corpus), query)
    if form == "table":
        print_table(rows, console=_console(), limit=50 if limit is None else limit)
    else:
        write_rows(rows.slice(0, limit), form, sys.stdout)


main.add_command(review)
for command in (export_command, import_command, notices_command):
    review.add_command(command)
main.add_command(labels)
main.add_command(label_studio)
main.add_command(models)
main.add_command(estimate)
main.add_command(release)
main.add_command(forget)
main.add_command(backup)
main.add_command(restore)


@main.command()
@click.argument("corpus")
@click.option("--mend-pins", is_flag=True, help="First write pins.json anew from the manifests of the releases.")
@PRINTED_AS
def check(corpus: str, mend_pins: bool, form: str) -> None:
    """Say whether all data of CORPUS are as they were written; nothing is changed. Ends with 1 where they are not."""
    from data_engine.terminal.check import print_check

    if not print_check(_project().runtime(corpus), console=_console(), form=form, mends_pins=mend_pins):
        raise SystemExit(1)


@main.command()
@click.argument("corpus")
@click.option("--batches", required=True, help="Ingestion batches to take in again, separated by commas; or `all`.")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 64), help="Batches at a time.")
def backfill(corpus: str, batches: str, processes: int) -> None:
    """Ingest chosen batches again, one run each, whether they are stale or not."""
    from data_engine.orchestration.launch.commands import backfill_batches

    names = tuple(name.strip() for name in batches.split(",") if name.strip())
    if not backfill_batches(_project(), corpus, names, console=_console(), n_processes=processes):
        raise SystemExit(1)


@main.command()
@click.argument("corpus", required=False)
@click.option("--all", "is_all", is_flag=True, help="Every corpus, and the embeddings that no corpus needs any more.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def clean(corpus: str | None, is_all: bool, dry_run: bool, yes: bool) -> None:
    """Free what nobody needs: leftovers of killed runs, and old versions of tables that no release stands on."""
    from data_engine.orchestration.launch.upkeep.cleaning import Cleaning

    cleaning = Cleaning.of(_project(), corpus, is_all=is_all)
    for line in cleaning.told():
        click.echo(line)
    if cleaning.n_bytes is None or dry_run:
        return
    if not yes and not click.confirm("delete it?"):
        return
    click.echo(f"deleted {cleaning.clean():,} files and folders")


@main.command()
@click.argument("corpus")
def recheck(corpus: str) -> None:
    """Make every check of CORPUS again that failed. Ends with 1 where one still fails."""
    from data_engine.orchestration.launch.upkeep.amending import recheck_corpus

    found = recheck_corpus(_project(), corpus)
    for each in found:
        click.echo(each.sentence)
    n_failing = sum(not each.passes for each in found)
    if not found:
        click.echo("no check has failed")
    elif not n_failing:
        click.echo(f"all hold now; data-engine run {corpus} goes on from here")
    if n_failing:
        raise SystemExit(1)


@main.command()
@click.argument("corpus")
@click.option("--answers", is_flag=True, help="Also delete every answer that people gave.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def reset(corpus: str, answers: bool, yes: bool) -> None:
    """Make CORPUS new: everything that the engine made of it goes, but releases. Answers stay unless --answers."""
    from data_engine.orchestration.launch.upkeep import amending

    planned = amending.reset_of(_project().runtime(corpus))
    for line in planned.told(with_answers=answers):
        click.echo(line)
    if not yes and not _is_agreed(corpus, with_answers=answers):
        click.echo("nothing was deleted")
        return
    amending.reset(planned, with_answers=answers)
    click.echo(f"done; data-engine run {corpus} makes it anew")


def _is_agreed(corpus: str, *, with_answers: bool) -> bool:
    """Whether somebody agrees; that answers of people go is only agreed to by the corpus' name."""
    if not with_answers:
        return click.confirm("delete it?")
    return bool(click.prompt(f"type {corpus} to delete the answers too", default="", show_default=False) == corpus)


@main.command()
@click.option(
    "--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Port of the UI, on 127.0.0.1."
)
@click.option(
    "--review-port", type=click.IntRange(0, 65535), help="Port of the review page; any free one when left out."
)
def ui(port: int, review_port: int | None) -> None:
    """Open the Dagster UI, with the daemon of sensors, schedules and backfills, and the review page beside it."""
    from data_engine.orchestration.launch.ui_process import become_ui

    become_ui(Path.cwd(), port, review_port or 0, say=click.echo)


@main.group()
def queue() -> None:
    """The review queue as a whole."""


@queue.command()
@click.argument("source")
@click.argument("target")
def copy(source: str, target: str) -> None:
    """Copy the review queue at SOURCE to the empty database TARGET, with all ids.

    Both are paths of SQLite files or database URLs. Let nobody review meanwhile, then set DATA_ENGINE_REVIEW_URL to
    the target.
    """
    from data_engine.review.queue_copy import copy_queue
    from data_engine.terminal.plain_text import counted

    urls = [place if ":" in place else f"sqlite:///{Path(place).absolute()}" for place in (source, target)]
    counts = copy_queue(*urls)
    for table, n_rows in counts.items():
        click.echo(f"{table:<20} {counted(n_rows, 'row')}")
    click.echo("all of it arrived; set DATA_ENGINE_REVIEW_URL to the target, and use the source no more")


@main.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("name")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(name: str, arguments: tuple[str, ...]) -> None:
    """Run benchmarks/NAME.py."""
    folder = _project().folder / "benchmarks"
    script = folder / f"{name}.py"
    if not script.is_file():
        known = ", ".join(sorted(p.stem for p in folder.glob("*.py"))) or "none"
        raise InvalidInput(f"there is no benchmark {name!r} in {folder}; there are: {known}")
    raise SystemExit(subprocess.run([sys.executable, str(script), *arguments], check=False).returncode)


def _project(*, makes_home: bool = True) -> "Project":
    from data_engine.orchestration.launch.project import Project

    return Project.find(Path.cwd(), makes_home=makes_home)


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 110)


if __name__ == "__main__":
    main()
