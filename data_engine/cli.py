"""The command line: run, why, sql, review, release, check, backfill, clean, ui, queue, bench."""

import os
import subprocess
import sys
import traceback
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

import click

from data_engine.errors import InvalidInput
from data_engine.errors.boundary import secrets_hidden

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.orchestration.launch.project import Project

_CORPUS = click.option("--corpus", default=None, help="Name of the corpus; may be left out when there is only one.")


class _Interrupted(click.ClickException):
    exit_code = 130


class _Commands(click.Group):
    """Commands whose errors are printed as one sentence, without a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            with secrets_hidden():
                return super().invoke(ctx)
        except (BrokenPipeError, click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except (Exception, KeyboardInterrupt) as error:
            from data_engine.terminal.last_words import last_words

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
@click.argument("sample_id")
@_CORPUS
def why(sample_id: str, corpus: str | None) -> None:
    """Say what every step decided about a sample, and why. The start of the id is enough."""
    from data_engine.terminal.why import print_why

    print_why(_project().runtime(corpus), sample_id, console=_console())


@main.command()
@click.argument("query")
@_CORPUS
@click.option("--limit", default=50, show_default=True, help="Most rows to print.")
def sql(query: str, corpus: str | None, limit: int) -> None:
    """Ask any table or SQL model: data-engine sql "select * from funnel_stages"."""
    from data_engine.runtime.sql_models import ask
    from data_engine.terminal.tables import print_table

    print_table(ask(_project().runtime(corpus), query), console=_console(), limit=limit)


@main.command()
@_CORPUS
@click.option(
    "--annotator", default=lambda: os.environ.get("USER", ""), help="Your name, as it is kept with the answers."
)
def review(corpus: str | None, annotator: str) -> None:
    """Answer the open review tasks here in the terminal."""
    from data_engine.terminal.review import answer_in_terminal

    answer_in_terminal(_project().runtime(corpus), annotator, console=_console())


@main.command()
@_CORPUS
def release(corpus: str | None) -> None:
    """List the releases of a corpus, the newest last."""
    from data_engine.terminal.tables import print_releases

    if not print_releases(_project().runtime(corpus), console=_console()):
        raise SystemExit(1)


@main.command()
@click.argument("corpus")
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True, help="How to print."
)
def check(corpus: str, form: str) -> None:
    """Say whether all data of CORPUS are as they were written; nothing is changed. Ends with 1 where they are not."""
    from data_engine.terminal.check import print_check

    if not print_check(_project().runtime(corpus), console=_console(), as_json=form == "json"):
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
    from data_engine.orchestration.launch.cleaning import Cleaning

    cleaning = Cleaning.of(_project(), corpus, is_all=is_all)
    for line in cleaning.told():
        click.echo(line)
    if cleaning.n_bytes is None or dry_run:
        return
    if not yes and not click.confirm("delete it?"):
        return
    click.echo(f"deleted {cleaning.clean():,} files and folders")


@main.command()
@click.option(
    "--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Port of the UI, on 127.0.0.1."
)
def ui(port: int) -> None:
    """Open the Dagster UI, with the daemon that runs sensors, schedules and backfills."""
    from data_engine.orchestration.launch.ui_process import become_ui

    become_ui(Path.cwd(), port, say=click.echo)


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


def _project() -> "Project":
    from data_engine.orchestration.launch.project import Project

    return Project.find(Path.cwd())


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 110)


if __name__ == "__main__":
    main()
