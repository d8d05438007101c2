"""The whole graph with its data in a bucket: as on a disk, on from where another host stopped, and refused where it
would not be safe."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from bucket_fixtures import make_bucket, use_store
from bucket_server import bucket_server
from click.testing import CliRunner, Result
from small_project import SmallProject, notes_corpus, write_notes

from data_engine.cli import main
from data_engine.runtime.versions import step_versions
from data_engine.storage.places.place import place

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


def test_a_corpus_in_a_bucket_has_the_data_of_one_on_a_disk_and_another_host_goes_on(
    project: SmallProject, bucket: Path, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _small(project)
    t0=time.time()
    project.run("notes")
    print("TIME local", time.time()-t0); t0=time.time()
    local, released = _data_versions(project), project.release("notes")

    monkeypatch.setenv("DATA_ENGINE_DATA", str(bucket))
    monkeypatch.setenv("DATA_ENGINE_REVIEW_URL", server)
    said = project.run("notes")
    print("TIME s3", time.time()-t0); t0=time.time()
    assert str(bucket / "notes" / "reports" / "report.html") in said.replace("\n", "")
    assert _data_versions(project) == local
    assert project.release("notes") == released

    _another_host(monkeypatch, tmp_path / "other")
    assert "nothing" in project.run("notes")
    print("TIME nothing", time.time()-t0); t0=time.time()
    write_notes(project.folder / "source", "july", 20, 7)
    print(project.run("notes"))
    print("TIME more", time.time()-t0); t0=time.time()
    later = _data_versions(project)
    assert {name: later[name] for name in local if name.startswith("raw_index")} == {
        name: version for name, version in local.items() if name.startswith("raw_index")
    }
    assert later["raw_index/july.jsonl"]
    assert len(json.loads(_command(project, "release", "list", "--format", "json").output)) == 2
