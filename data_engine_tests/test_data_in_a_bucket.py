"""The whole graph with its data in a bucket: as on a disk, on from where another host stopped, and refused where it
would not be safe."""

import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from small_project import SmallProject, notes_corpus, write_notes

from data_engine.cli import main
from data_engine.runtime.plan import partition_column
from data_engine.runtime.step_run import execute
from data_engine.runtime.versions import step_versions

_OF_LABELS = ("labels", "review", "known_label_column")


def _small(project: SmallProject) -> None:
    """The corpus `notes` without labels: two batches of 40 texts."""
    for seed, batch in enumerate(("may", "june")):
        write_notes(project.folder / "source", batch, 40, seed)
    corpus = notes_corpus(project.folder / "source", tree={"n_clusters": [12, 4]}, subset={"target_size": 40})
    project.add({name: value for name, value in corpus.items() if name not in _OF_LABELS})


def _command(project: SmallProject, *words: str) -> Result:
    return CliRunner().invoke(main, list(words), env={"DATA_ENGINE_PROJECT": str(project.folder)})


def _another_host(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Fresh scratch and a fresh Dagster home, as a host has that never saw the corpus."""
    patch.setenv("DATA_ENGINE_SCRATCH", str(folder / "scratch"))
    (folder / "home").mkdir(parents=True)
    shutil.copy(Path(os.environ["DAGSTER_HOME"]) / "dagster.yaml", folder / "home")
    patch.setenv("DAGSTER_HOME", str(folder / "home"))


def _data_versions(project: SmallProject) -> dict[str, str]:
    versions = step_versions(project.load().runtime("notes").store())
    return {"/".join(key): version.data_version for key, version in versions.items()}


def _make(project: SmallProject, *batches: str) -> dict[str, str]:
    """Carry out every step, of these batches where it is of a batch; the data version of each."""
    runtime = project.load().runtime("notes")
    for step in runtime.steps:
        for batch in batches if partition_column(step) == "batch" else ("",):
            execute(runtime, step, batch, run_id="run")
    versions = step_versions(runtime.store())
    return {"/".join(key): version.data_version for key, version in versions.items()}


def test_a_corpus_in_a_bucket_has_the_data_of_one_on_a_disk(
    project: SmallProject, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _small(project)
    local = _make(project, "may.jsonl", "june.jsonl")
    released = project.release("notes")
    monkeypatch.setenv("DATA_ENGINE_DATA", str(bucket))
    assert _make(project, "may.jsonl", "june.jsonl") == local
    assert project.release("notes") == released
