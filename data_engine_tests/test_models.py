"""Micro-models from the command line: one corpus trains, promotes, rolls back; another reuses what it learnt."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from small_project import SmallProject, notes_corpus, write_notes

from data_engine.cli import main
from data_engine.labeling import load_model
from data_engine.orchestration.launch.run_remarks import say_promotion
from data_engine.runtime.staleness import stale_steps
from data_engine.runtime.step_run import execute


def _models(project: SmallProject, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> str:
    monkeypatch.setenv("DATA_ENGINE_PROJECT", str(project.folder))
    done = CliRunner().invoke(main, ["models", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def _listed(project: SmallProject, monkeypatch: pytest.MonkeyPatch, corpus: str) -> list[dict[str, str]]:
    said = _models(project, monkeypatch, "list", "--corpus", corpus, "--format", "csv")
    return list(csv.DictReader(io.StringIO(said)))


def test_a_version_is_promoted_by_hand_used_and_rolled_back(
    finished: SmallProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console

    first, second = (row["version"] for row in _listed(finished, monkeypatch, "notes"))
    assert [row["in_service"] for row in _listed(finished, monkeypatch, "notes")] == ["", "yes"]
    said = _models(finished, monkeypatch, "promote", first[:8], "--corpus", "notes", "--by", "ada", "--why", "a test")
    assert said.startswith(f"from the next run on, version {first} is in service")
    runtime = finished.load().runtime("notes")
    assert stale_steps(runtime) == ["classifier"]
    say_promotion(runtime, Console(width=300))
    assert f"classifier {first} is in service by hand: ada decided so on" in capsys.readouterr().out
    execute(runtime, "classifier", run_id="one")
    _, proposed = execute(runtime, "proposals", run_id="one")
    assert set(proposed.table["classifier_version"].to_pylist()) == {first}
    assert [row["in_service"] for row in _listed(finished, monkeypatch, "notes")] == ["yes, by hand", ""]
    assert "decided by people\n  promote: ada decided so on" in _models(
        finished, monkeypatch, "show", first, "--corpus", "notes"
    )

    _models(finished, monkeypatch, "rollback", "--corpus", "notes", "--by", "ada", "--why", "the test is over")
    execute(runtime, "classifier", run_id="two")
    assert [row["in_service"] for row in _listed(finished, monkeypatch, "notes")] == ["", "yes"]
    assert _listed(finished, monkeypatch, "notes")[1]["version"] == second
    say_promotion(runtime, Console(width=300))
    assert capsys.readouterr().out == ""

    _models(finished, monkeypatch, "export", second, "--corpus", "notes", "--to", str(tmp_path / "model.onnx"))
    assert _predicted_by_file(tmp_path / "model.onnx", runtime, second) < 1e-4


def _predicted_by_file(path: Path, runtime, version: str) -> float:
    """The greatest difference between what a file predicts of fresh vectors and what its version does."""
    import openvino

    artefacts = {row["classifier_version"]: row["artefact"] for row in runtime.store().read("classifier").to_pylist()}
    model = load_model(artefacts[version])
    x = np.random.default_rng(0).normal(size=(40, model.dim)).astype(np.float32)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return float(np.abs(compiled(x)["probabilities"] - model.predict_proba(x)).max())


def test_another_corpus_proposes_with_what_the_first_learnt(
    finished: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notes(finished.folder / "letters", "august", 150, 9)
    letters = notes_corpus(finished.folder / "letters", name="letters")
    labels = {**letters["labels"], "propose_with": {"corpus": "notes"}, "slices": ["batch", "topic", "cluster"]}
    labels["rounds"] = 0
    finished.add({**letters, "labels": labels, "subset": {"target_size": 120}})
    finished.run("letters")
    runtime = finished.load().runtime("letters")
    rows = _listed(finished, monkeypatch, "letters")
    taught = next(row["version"] for row in _listed(finished, monkeypatch, "notes") if row["in_service"])
    assert rows[0]["borrowed_from"] == f"notes/{taught}"
    assert not any(row["borrowed_from"] for row in rows[1:])
    # It proposed in the first batch, before anybody had answered.
    with runtime.queue() as queue:
        tasks = queue.tables("letters")["review_task"].to_pylist()
    first = [row for row in tasks if row["review_batch"].endswith("000") and row["purpose"] != "hold_out"]
    assert any(row["proposed_label"] for row in first)
    figures = runtime.store().read("classifier_figures").to_pylist()
    # `labels` are the points of the learning curves.
    assert {row["slice"] for row in figures} == {"class", "all", "labels", "batch", "topic", "cluster"}
    version = next(row for (step, _), row in _versions(runtime).items() if step == "classifier")
    assert version.made_from["inputs"]["notes/classifier"] == taught
    deps = finished.load().definitions.resolve_asset_graph().get(_key("letters")).parent_keys
    assert _key("notes") in deps


def _versions(runtime):
    from data_engine.runtime.versions import step_versions

    return step_versions(runtime.store())


def _key(corpus: str):
    import dagster as dg

    return dg.AssetKey([corpus, "classifier"])
