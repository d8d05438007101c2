"""What every test stands on: no hub, no telemetry, never the project's own data, and small projects to run."""

import fcntl
import gc
import itertools
import os
import shutil
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import dagster as dg
import pytest
from postgres_server import postgres_server, why_none
from small_project import SmallProject, notes_corpus, write_notes

pytest_plugins = ("bucket_fixtures", "instance_fixtures", "report_fixtures", "warehouse_fixtures")

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["GX_ANALYTICS_ENABLED"] = "false"
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"

#: Where no PostgreSQL can be started; the header of the tests says so.
collect_ignore = ["orchestration/instance/test_postgres_event_log.py"] if why_none() else []

_NUMBERS = itertools.count()

#: Tests of minutes, which go first, so that no worker is left alone with one at the end.
_LONGEST = (
    "test_a_run_killed_at_every_point_in_turn_ends_like_an_undisturbed_one",
    "test_a_first_command_killed_anywhere_leaves_a_home_in_which_the_next_one_works",
    "test_a_dozen_damages_and_hostile_files_are_mended_or_told",
)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what is loaded for all tests away from the garbage collector, which would look through all of it often."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first; the order of the others stays."""
    items.sort(key=lambda item: item.name not in _LONGEST)


def pytest_report_header() -> list[str]:
    """Which kernel the tests of the int8 kernel ran, where float32 may stand in, and on which databases the queue."""
    from data_engine.clustering import fastest_kernel

    lacking = why_none()
    databases = f"SQLite alone, because {lacking}" if lacking else "SQLite and PostgreSQL"
    return [f"kernel for large products: {fastest_kernel()}", f"review queue tested on {databases}"]


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The URL of a database of a PostgreSQL server that is gone after the tests."""
    with postgres_server() as url:
        yield url


@pytest.fixture(autouse=True)
def engine_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Data and Dagster's home are folders of the test alone."""
    # Numbered here: pytest would look through the folders of all tests before for the next number.
    folder = tmp_path_factory.getbasetemp() / "engines" / str(next(_NUMBERS))
    (folder / "home").mkdir(parents=True)
    shutil.copy(Path(__file__).resolve().parents[1] / ".dagster_home" / "dagster.yaml", folder / "home")
    monkeypatch.setenv("DAGSTER_HOME", str(folder / "home"))
    monkeypatch.setenv("DATA_ENGINE_DATA", str(folder / "data"))
    monkeypatch.setenv("DATA_ENGINE_CACHE", str(tmp_path_factory.getbasetemp() / "converted-models"))
    monkeypatch.delenv("DATA_ENGINE_REVIEW_URL", raising=False)
    # A password of one test may be a plain word in the messages of the next.
    monkeypatch.setattr("data_engine.errors.secret_texts._SECRETS", set())
    return folder


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    """An empty project."""
    made = SmallProject(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return made


@pytest.fixture
def notes(project: SmallProject) -> SmallProject:
    """A project with the corpus `notes`: batches may, june and july of 120 texts each."""
    for seed, batch in enumerate(("may", "june", "july")):
        write_notes(project.folder / "source", batch, 120, seed)
    project.add(notes_corpus(project.folder / "source"))
    return project


@pytest.fixture(scope="session")
def _finished_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus `notes`, run to its release once for all tests that look at or build on the result."""
    folder = tmp_path_factory.getbasetemp() / "finished"
    if os.environ.get("PYTEST_XDIST_WORKER"):
        # The folder above that of a worker is that of all of them: one makes it, the others wait.
        folder = tmp_path_factory.getbasetemp().parent / "finished"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "said.txt").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _finish(folder)
    return folder


def _finish(folder: Path) -> None:
    """Run the corpus `notes` to its release in a folder; `said.txt`, written last, is what the run printed."""
    made = SmallProject(folder / "project")
    for seed, batch in enumerate(("may", "june", "july")):
        write_notes(made.folder / "source", batch, 120, seed)
    made.add(notes_corpus(Path("source")))
    (folder / "home").mkdir()
    shutil.copy(Path(__file__).resolve().parents[1] / ".dagster_home" / "dagster.yaml", folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(folder / "home"))
        patch.setenv("DATA_ENGINE_DATA", str(folder / "data"))
        patch.syspath_prepend(str(made.folder))
        said = made.run("notes")
    (folder / "said.txt").write_text(said, "utf-8")


@pytest.fixture
def finished(
    _finished_once: Path, engine_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SmallProject:
    """A copy of the corpus `notes` as a finished run leaves it; `said` is what the run printed."""
    for part, to in (("project", tmp_path), ("home", engine_folder / "home"), ("data", engine_folder / "data")):
        shutil.copytree(_finished_once / part, to, dirs_exist_ok=True)
    copied = SmallProject.__new__(SmallProject)
    copied.folder = tmp_path
    copied.module = next(path.name for path in tmp_path.iterdir() if path.name.startswith("corpora_"))
    copied.said = (_finished_once / "said.txt").read_text("utf-8")
    # The copy is a package of its own, or Python would find the one that was loaded before.
    new = f"corpora_{uuid.uuid4().hex}"
    (tmp_path / copied.module).rename(tmp_path / new)
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(pyproject.read_text("utf-8").replace(copied.module, new), "utf-8")
    copied.module = new
    monkeypatch.syspath_prepend(str(tmp_path))
    return copied


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """A Dagster instance in memory."""
    with dg.DagsterInstance.ephemeral() as made:
        yield made
