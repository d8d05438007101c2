"""The whole graph with its data in a bucket: as on a disk, on from where another host stopped, and refused where it
would not be safe."""

import itertools
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bucket_writer import said_by, writer
from small_project import SmallProject, notes_corpus, write_notes

from data_engine.errors import InvalidInput
from data_engine.runtime.backups.backup import make_backup
from data_engine.runtime.integrity.registry import check_corpus
from data_engine.runtime.plan import partition_column
from data_engine.runtime.releases.release_life import Releases
from data_engine.runtime.source_listing import batches_of
from data_engine.runtime.staleness import is_stale
from data_engine.runtime.step_run import execute
from data_engine.runtime.versions import step_versions
from data_engine.storage import TableStore, pins
from data_engine.storage.tables import table_cache

_OF_LABELS = ("labels", "review", "known_label_column")


def _small(project: SmallProject) -> None:
    """The corpus `notes` without labels: two batches of 40 texts."""
    for seed, batch in enumerate(("may", "june")):
        write_notes(project.folder / "source", batch, 40, seed)
    corpus = notes_corpus(project.folder / "source", tree={"n_clusters": [12, 4]}, subset={"target_size": 40})
    project.add({name: value for name, value in corpus.items() if name not in _OF_LABELS})


def _another_host(patch: pytest.MonkeyPatch, folder: Path) -> None:
    """Fresh scratch and a fresh Dagster home, as a host has that never saw the corpus."""
    patch.setenv("DATA_ENGINE_SCRATCH", str(folder / "scratch"))
    patch.setenv("DAGSTER_HOME", str(folder / "home"))
    patch.setattr(table_cache, "_KEPT", table_cache._Kept())


def _make(project: SmallProject, *batches: str) -> dict[str, str]:
    """Carry out every step, of these batches where it is of a batch; the data version of each."""
    runtime = project.load().runtime("notes")
    for step in runtime.steps:
        for batch in batches if partition_column(step) == "batch" else ("",):
            execute(runtime, step, batch, run_id="run")
    versions = step_versions(runtime.store())
    return {"/".join(key): version.data_version for key, version in versions.items()}


def _stale(project: SmallProject) -> list[tuple[str, str]]:
    """What a run would make anew; a report of drift always is, once there is a tree."""
    runtime = project.load().runtime("notes")
    versions = step_versions(runtime.store())
    stale = [key for key in sorted(versions) if is_stale(runtime, *key, versions=versions)]
    assert {step for step, _ in stale} <= {"drift_report"}
    return stale


def test_a_corpus_in_a_bucket_has_the_data_of_one_on_a_disk_and_another_host_goes_on(
    project: SmallProject, bucket: Path, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _small(project)
    local = _make(project, "may.jsonl", "june.jsonl")
    released, stale = project.release("notes"), _stale(project)
    monkeypatch.setenv("DATA_ENGINE_DATA", str(bucket))
    assert _make(project, "may.jsonl", "june.jsonl") == local
    assert project.release("notes") == released

    monkeypatch.setenv("DATA_ENGINE_REVIEW_URL", server)
    with project.load().runtime("notes").queue():
        found = check_corpus(project.load().runtime("notes"))
    assert [finding for finding in found if finding.severity == "error"] == []

    _another_host(monkeypatch, tmp_path / "other")
    write_notes(project.folder / "source", "july", 20, 7)
    runtime = project.load().runtime("notes")
    assert _stale(project) == stale
    for step in ("raw_index", "first_pass", "embeddings"):
        execute(runtime, step, "july.jsonl", run_id="other")
    assert runtime.store().read("embeddings", columns=["batch"]).num_rows == 100
    releases = Releases(runtime)
    assert [list(releases.damage(folder)) for folder in releases.folders()] == [[]]


def test_of_writers_at_once_and_one_that_is_killed_nothing_that_was_told_is_lost(bucket: Path) -> None:
    killed, others = writer(str(bucket), "killed", 99), [writer(str(bucket), name, 3) for name in "ab"]
    told = [killed.stdout.readline().strip() if killed.stdout else ""]
    killed.kill()
    told += [*said_by(killed), *itertools.chain.from_iterable(map(said_by, others))]
    store = TableStore(bucket, "shop")
    written = [commit for commit in store.history("first_pass") if commit.operation == "WRITE"]
    assert len(set(told)) == len(told) >= 7
    assert {int(version) for version in told} <= {commit.version for commit in written}
    assert store.read("first_pass").num_rows == 3
    assert {f"{name}-{number}" for name in "ab" for number in range(3)} <= pins(bucket, "shop").keys()


def test_what_is_of_one_host_is_refused_with_the_remedy(
    project: SmallProject, bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _small(project)
    monkeypatch.setenv("DATA_ENGINE_DATA", str(bucket))
    with pytest.raises(InvalidInput, match=r"the lock of commands are nowhere.*set DATA_ENGINE_REVIEW_URL to a Postgr"):
        project.run("notes")
    monkeypatch.setenv("DATA_ENGINE_REVIEW_URL", "sqlite:////tmp/review.db")
    with pytest.raises(InvalidInput, match="the lock of commands are in SQLite, which is for one host"):
        project.run("notes")
    for path in ("source", "~/source"):
        project.change("notes", source={"path": path})
        with pytest.raises(InvalidInput, match=f"source.path is '{path}'.*write the whole path of a folder that all"):
            batches_of(project.load().runtime("notes"))
    with pytest.raises(InvalidInput, match="backups are copies of folders of this host; have the store keep versions"):
        make_backup([project.load().runtime("notes")], project.folder / "b", home=project.folder, now=datetime.now(UTC))
