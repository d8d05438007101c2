"""The commands `backup` and `restore`: everything that the engine holds, in a folder and out of it again.

What they do is in `data_engine.runtime.backups`.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from data_engine.errors import InvalidInput

_FOLDER = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))


@click.command()
@_FOLDER
def backup(folder: Path) -> None:
    """Copy data, review queue and history of all corpora into FOLDER, while runs go on.

    FOLDER is new, empty, or that of an earlier backup, which is brought up to date. Given again, a backup that was
    broken off goes on.
    """
    from data_engine.orchestration.launch.project import Project
    from data_engine.runtime.backups.backup import make_backup

    project = Project.find(Path.cwd())
    runtimes = list(project.runtimes.values())
    if not runtimes:
        raise InvalidInput(f"the project {project.folder} has no corpus, so there is nothing to back up")
    made = make_backup(runtimes, folder, home=Path(os.environ["DAGSTER_HOME"]), now=datetime.now(UTC))
    for remark in made.remarks:
        click.echo(remark)
    click.echo(f"backed up {made.n_files:,} files, {made.n_bytes / 1e6:,.1f} MB, in {folder}")


@click.command()
@_FOLDER
@click.option("--move-aside", is_flag=True, help="Move data and history that are there aside first.")
def restore(folder: Path, move_aside: bool) -> None:
    """Put the backup in FOLDER in the place of an empty data folder; `data-engine run` goes on from there."""
    from data_engine.orchestration.launch.project_folder import find_project_folder
    from data_engine.places.place import place
    from data_engine.runtime.backups.copied_files import on_this_host
    from data_engine.runtime.backups.restore import restore_backup

    project = find_project_folder(Path.cwd())
    data = on_this_host(place(os.environ.get("DATA_ENGINE_DATA") or project / "data"))
    home = Path(os.environ["DAGSTER_HOME"])
    for line in restore_backup(folder, data=data, home=home, now=datetime.now(UTC), moves_aside=move_aside):
        click.echo(line)
    click.echo("look at it: data-engine check CORPUS; go on: data-engine run CORPUS")
