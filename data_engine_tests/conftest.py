"""What every test stands on: no hub, no telemetry, never the project's own data, and small projects to run."""

import os
import shutil
from pathlib import Path

import dagster as dg
import pytest
from small_project import SmallProject, notes_corpus, write_notes

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["GX_ANALYTICS_ENABLED"] = "false"
os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"


@pytest.fixture(autouse=True)
def engine_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Data and Dagster's home are folders of the test alone."""
    folder = tmp_path_factory.mktemp("engine")
    (folder / "home").mkdir()
    shutil.copy(Path(__file__).resolve().parents[1] / ".dagster_home" / "dagster.yaml", folder / "home")
    monkeypatch.setenv("DAGSTER_HOME", str(folder / "home"))
    monkeypatch.setenv("DATA_ENGINE_DATA", str(folder / "data"))
    monkeypatch.delenv("DATA_ENGINE_REVIEW_URL", raising=False)
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


@pytest.fixture
def instance() -> dg.DagsterInstance:
    """A Dagster instance in memory."""
    return dg.DagsterInstance.ephemeral()
