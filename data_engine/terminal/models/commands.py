"""The commands `data-engine models list`, `show`, `promote`, `rollback`, `export` and `train-masks`.

What they print of versions is in `printing.py`; what they do is in `data_engine.runtime.models`.
"""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from data_engine.terminal.command_options import CORPUS, PRINTED_AS, user_name

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.runtime.models.promotions import HandPromotion


_BY = click.option("--by", default=user_name, help="Who decides, as it is kept; by default your user name.")
_NETWORK = click.option("--network", "of_network", is_flag=True, help="Of the networks for masks.")
_WHY = click.option("--why", required=True, help="Why, in a sentence; it is kept with the decision.")


@click.group()
def models() -> None:
    """The micro-models of a corpus: list and show versions, put one into service, undo that, write one as a file."""


@models.command(name="list")
@CORPUS
@PRINTED_AS
@_NETWORK
def list_versions(corpus: str | None, form: str, of_network: bool) -> None:
    """List the versions of a corpus, the newest last."""
    from data_engine.terminal.models.printing import print_networks, print_versions

    print_ = print_networks if of_network else print_versions
    print_(_runtime(corpus), console=_console(), form=form)


@models.command()
@click.argument("version")
@CORPUS
@PRINTED_AS
def show(version: str, corpus: str | None, form: str) -> None:
    """Show the card of VERSION: what it learnt from, what it reaches in all, per class and per slice."""
    from data_engine.terminal.models.printing import print_card

    print_card(_runtime(corpus), version, console=_console(), form=form)


@models.command()
@click.argument("version")
@CORPUS
@_BY
@_WHY
def promote(version: str, corpus: str | None, by: str, why: str) -> None:
    """Put VERSION into service, from the next run on and until a rollback. The start of the version is enough.

    A VERSION that begins with `mask-` is a network for masks; it is in service on review pages that are opened from now
    on.
    """
    from data_engine.orchestration.launch.command_lock import corpus_lock
    from data_engine.runtime.models import model_versions, network_service

    runtime, of_network = _runtime(corpus), network_service.is_network(version)
    act = network_service.promote_network if of_network else model_versions.promote
    with corpus_lock(runtime):
        _say(runtime, act(runtime, version, by=by, why=why, now=datetime.now(UTC)), of_network=of_network)


@models.command()
@CORPUS
@_BY
@_WHY
@_NETWORK
def rollback(corpus: str | None, by: str, why: str, of_network: bool) -> None:
    """Undo the last promotion by hand; without one, put the version back that was in service before."""
    from data_engine.orchestration.launch.command_lock import corpus_lock
    from data_engine.runtime.models import model_versions, network_service

    runtime = _runtime(corpus)
    act = network_service.rollback_network if of_network else model_versions.rollback
    with corpus_lock(runtime):
        _say(runtime, act(runtime, by=by, why=why, now=datetime.now(UTC)), of_network=of_network)


@models.command()
@click.argument("version")
@click.option("--to", "path", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write.")
@CORPUS
def export(version: str, path: Path, corpus: str | None) -> None:
    """Write VERSION as a file in the ONNX format: embeddings in, class probabilities out.

    Of a model of masks, features of masks go in too, and certainties come out; of a network, images and points go in.
    """
    from data_engine.runtime.models import model_versions, network_service

    if network_service.is_network(version):
        network = network_service.export_network(_runtime(corpus), version, path)
        click.echo(f"wrote version {network['network_version']} to {path}; it takes images, points and clicks")
        return
    row = model_versions.export(_runtime(corpus), version, path)
    click.echo(f"wrote version {row['classifier_version']} to {path}; it takes vectors of {row['encoder_version']}")


@models.command(name="train-masks")
@CORPUS
def train_masks(corpus: str | None) -> None:
    """Train a network on the reviewed objects; it predicts masks on the review page where it is better than before."""
    from data_engine.orchestration.launch.command_lock import corpus_lock
    from data_engine.runtime.models.mask_networks import train_mask_network

    runtime = _runtime(corpus)
    with corpus_lock(runtime):
        takes_over, told = train_mask_network(runtime, now=datetime.now(UTC))
    click.echo(told)
    if takes_over:
        click.echo("it is in service on a review page that is opened from now on")


def _say(runtime: "CorpusRuntime", made: "HandPromotion", *, of_network: bool = False) -> None:
    if of_network:
        version = made.classifier_version or "what the test on the hold-out says"
        click.echo(f"masks are predicted by {version} on review pages that are opened from now on")
        return
    who = "the test on the hold-out decides again" if made.classifier_version is None else "it stays until a rollback"
    what = "" if made.classifier_version is None else f"version {made.classifier_version} is in service; "
    click.echo(f"from the next run on, {what}{who}: data-engine run {runtime.corpus.name}")


def _runtime(corpus: str | None) -> "CorpusRuntime":
    from data_engine.orchestration.launch.project import Project

    return Project.find(Path.cwd()).runtime(corpus).one_question()


def _console() -> "Console":
    from rich.console import Console

    return Console(highlight=False, emoji=False, width=None if sys.stdout.isatty() else 110)
