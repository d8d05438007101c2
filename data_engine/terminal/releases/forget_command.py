"""The command `data-engine forget`: batches that leave a corpus, and samples that are forgotten for good.

What it does is in `data_engine.orchestration.launch.upkeep`.
"""

from pathlib import Path

import click

from data_engine.errors import InvalidInput


@click.command()
@click.argument("names", nargs=-1, required=True, metavar="CORPUS | SAMPLE_ID...")
@click.option("--batch", "batches", multiple=True, help="A batch to take out of CORPUS; may be given repeatedly.")
@click.option("--corpus", default=None, help="The corpus of the samples; may be left out when there is only one.")
@click.option("--reason", default="", help="Why the samples are forgotten; it is kept with their ids.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def forget(names: tuple[str, ...], batches: tuple[str, ...], corpus: str | None, reason: str, yes: bool) -> None:
    """Take batches out of CORPUS with --batch, or forget samples for good by their ids.

    The rows of a batch leave every table; answers of people stay in the queue. Of a sample nothing stays but a
    tombstone: content, vectors, answers and released bytes go, and it is not taken in again.
    """
    if batches:
        if len(names) != 1 or corpus is not None or reason:
            raise InvalidInput("--batch takes one corpus and neither --corpus nor --reason: forget CORPUS --batch NAME")
        _forget_batches(names[0], batches, yes=yes)
        return
    if not reason.strip():
        raise InvalidInput("a sample is forgotten for a reason, which its tombstone keeps; say it with --reason")
    _forget_samples(names, corpus, reason.strip(), yes=yes)


def _forget_batches(corpus: str, batches: tuple[str, ...], *, yes: bool) -> None:
    from data_engine.orchestration.launch.project import Project
    from data_engine.orchestration.launch.upkeep import amending
    from data_engine.runtime.corpus_runtime import whole_corpus

    runtime, _ = whole_corpus(Project.find(Path.cwd()).runtime(corpus))
    for line in amending.told_of_forgetting(runtime, batches):
        click.echo(line)
    if not yes and not click.confirm("take it out?"):
        return
    amending.forget(runtime, batches)
    click.echo(f"taken out; data-engine run {corpus} brings the rest up to date")


def _forget_samples(sample_ids: tuple[str, ...], corpus: str | None, reason: str, *, yes: bool) -> None:
    from data_engine.orchestration.launch.project import Project
    from data_engine.orchestration.launch.upkeep import erasing
    from data_engine.runtime.amendments.forgotten_samples import forgetting_of
    from data_engine.runtime.corpus_runtime import whole_corpus

    runtime, _ = whole_corpus(Project.find(Path.cwd()).runtime(corpus))
    planned = forgetting_of(runtime, sample_ids)
    for line in planned.told():
        click.echo(line)
    if not yes and not click.confirm("forget it?"):
        click.echo("nothing was forgotten")
        return
    for old, new in erasing.erase(planned, reason=reason).items():
        click.echo(f"release {old} is {new} now" if new else f"release {old} is gone: nothing was left of it")
    name = runtime.corpus.name
    click.echo(f"forgotten; data-engine run {name} makes the tables anew, data-engine release list has the releases")
