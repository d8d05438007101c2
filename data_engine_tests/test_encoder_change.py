"""Another encoder, of another dimension and of the same, and the change undone: what a run says and what it makes."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from other_encoders import SHORTER, TURNED, register_other_encoders, turned
from small_project import SmallProject, notes_corpus

from data_engine.embedding import registry
from data_engine.errors import ChecksFailed, SourceMissing
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.embeddings import encoder_of
from data_engine.runtime.step_run import execute


@pytest.fixture(autouse=True)
def _other_encoders(monkeypatch: pytest.MonkeyPatch) -> None:
    register_other_encoders(monkeypatch)
    encoder_of.cache_clear()


def _run_with(project: SmallProject, **changes: object) -> str:
    project.add(notes_corpus(Path("source"), **changes))
    return project.run("notes")


def _table(project: SmallProject, name: str) -> pa.Table:
    return accepted_tables(project.load().runtime("notes"), run_id="test", as_step="release").read(name)


def _release(project: SmallProject) -> str:
    return str(_table(project, "release")["release_id"][0].as_py())


def _encoders(project: SmallProject) -> dict[str, set[Any]]:
    """The encoder versions behind the tables that stand on vectors, and of the classifier in service."""
    runtime = project.load().runtime("notes")
    versions = runtime.store().read("step_versions").to_pylist()
    found = {
        step: {json.loads(row["made_with"])["encoder_version"] for row in versions if row["step"] == step}
        for step in ("embeddings", "cluster_tree", "balanced_subset", "proposals", "labels")
    }
    rows = _table(project, "classifier").to_pylist()
    return found | {"classifier": {row["encoder_version"] for row in rows if row["is_in_service"]}}


def test_another_encoder_is_said_first_rebuilds_what_follows_and_comes_back_with_the_same_release(
    finished: SmallProject,
) -> None:
    before, source = _release(finished), finished.folder / "source"
    for name in (SHORTER, TURNED):
        if name == TURNED:
            # A batch that the source no longer has leaves; put back, it is embedded like the others.
            (source / "may.jsonl").rename(finished.folder / "aside.jsonl")
        said = _run_with(finished, encoder=name)
        lines = said.splitlines()
        before_any_work = lines[: next(place for place, line in enumerate(lines) if line.startswith("  ok"))]
        told = [line for line in before_any_work if "the encoder " in line]
        assert len(told) == 1 and f" -> {name}: every sample is embedded anew" in told[0]
        assert not [line for line in lines if line.startswith("  held")]
        assert "the classifier was not compared: version " in " ".join(said.split())
        assert {step: found for step, found in _encoders(finished).items() if found != {f"{name}-1"}} == {}
        assert all(note.startswith("chi-square") for note in _table(finished, "drift_report")["note"].to_pylist())
        newest = _table(finished, "classifier").to_pylist()[-1]
        assert newest["is_in_service"] and newest["comparison"].startswith("not compared: version ")
        assert _release(finished) != before
        card = _card(finished)
        assert f"`{name}`" in card and f"`{name}-1`" in card and "hashed-ngrams" not in card
    report = (finished.load().runtime("notes").corpus_folder / "reports" / "report.html").read_text("utf-8")
    assert "Vectors of" in report and "of different encoders are not compared" in report
    (finished.folder / "aside.jsonl").rename(source / "may.jsonl")
    said = _run_with(finished)
    assert said.count("the encoder ") == 1 and "turned-256 -> hashed-ngrams: every sample is embedded anew" in said
    assert _release(finished) == before
    assert "nothing new" in finished.run("notes")


def _card(project: SmallProject) -> str:
    folder = project.load().runtime("notes").corpus_folder / "releases" / _release(project)
    return (folder / "README.md").read_text("utf-8")


def test_an_encoder_that_cannot_be_loaded_stops_the_run_before_anything_is_done(finished: SmallProject) -> None:
    before = finished.load().runtime("notes").store().read("step_versions")
    with pytest.raises(SourceMissing) as failed:
        _run_with(finished, encoder="no-such-encoder")
    said = str(failed.value)
    assert "'no-such-encoder'" in said and "correct the name" in said and "hashed-ngrams" in said
    assert finished.load().runtime("notes").store().read("step_versions").equals(before)


def test_other_weights_under_the_same_name_embed_every_batch_anew(
    notes: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes.add(notes_corpus(notes.folder / "source", encoder="mine"))
    monkeypatch.setattr(registry, "ENCODERS", (turned("mine", 64, 3), *registry.ENCODERS))
    project = notes.load()
    runtime = project.runtime("notes")
    for batch in ("may.jsonl", "june.jsonl"):
        for step in ("raw_index", "first_pass", "embeddings"):
            execute(runtime, step, batch, run_id="one")
    execute(runtime, "cluster_tree", run_id="one")
    monkeypatch.setattr(registry, "ENCODERS", (turned("mine", 64, 4, version="2"), *registry.ENCODERS))
    encoder_of.cache_clear()
    execute(runtime, "embeddings", "may.jsonl", run_id="two")
    tables = accepted_tables(runtime, run_id="two")
    assert set(tables.read("embeddings")["batch"].to_pylist()) == {"may.jsonl"}
    with pytest.raises(
        ChecksFailed, match="cluster_tree was made from vectors of mine-1, but the embeddings are now of"
    ):
        execute(runtime, "balanced_subset", run_id="two")
    with pytest.raises(ChecksFailed, match=r"is of the encoder mine \(version mine-1\), but the newest"):
        execute(runtime, "drift_report", "june.jsonl", run_id="two")
    _, drift = execute(runtime, "drift_report", "may.jsonl", run_id="two")
    assert drift.table["note"].to_pylist() == [
        "the cluster tree is of vectors of mine (version mine-1), the batch of mine (version mine-2); "
        "compared with the next tree"
    ]
    execute(runtime, "embeddings", "june.jsonl", run_id="two")
    run, built = execute(runtime, "cluster_tree", run_id="two")
    assert built.metadata["rebuilt"].startswith("yes: it is of vectors of mine (version mine-1)")
    assert run.encoder_in_use().version == "mine-2"
