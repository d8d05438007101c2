"""Ticking sensors of the corpus `notes`, and one finished run of it for many tests."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from small_project import SmallProject, notes_corpus, write_notes
from ticking import Ticking


@pytest.fixture
def ticking(notes: SmallProject, instance: dg.DagsterInstance) -> Callable[[str], Ticking]:
    """Makes a ticking sensor of the corpus `notes`."""
    return lambda purpose: Ticking(notes, purpose, instance)


@pytest.fixture(scope="session")
def _finished_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallProject]:
    folder = tmp_path_factory.mktemp("finished")
    (folder / "home").mkdir()
    shutil.copy(Path(__file__).resolve().parents[2] / ".dagster_home" / "dagster.yaml", folder / "home")
    with pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(folder))
        patched.setenv("DAGSTER_HOME", str(folder / "home"))
        patched.setenv("DATA_ENGINE_DATA", str(folder / "data"))
        project = SmallProject(folder)
        for seed, batch in enumerate(("may", "june", "july")):
            write_notes(folder / "source", batch, 120, seed)
        project.add(notes_corpus(folder / "source"))
        project.run("notes")
        yield project


@pytest.fixture
def finished(_finished_once: SmallProject, engine_folder: Path) -> SmallProject:
    """The corpus `notes` after a whole run; the test gets its own copy of the tables and of Dagster's home."""
    shutil.copytree(_finished_once.folder / "data", engine_folder / "data")
    shutil.copytree(_finished_once.folder / "home", engine_folder / "home", dirs_exist_ok=True)
    return _finished_once
