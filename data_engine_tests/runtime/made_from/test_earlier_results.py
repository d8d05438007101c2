from pathlib import Path
from typing import Any

import pyarrow as pa
from schema_tables import table
from written_steps import keep_version, notes_runtime, write_step

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.earlier_results import (
    decisions_of_same_vectors,
    decisions_to_start_from,
    keep_decisions,
    keep_tree,
    kept_tree,
)
from data_engine.runtime.step_run import StepRun


def _of(runtime: CorpusRuntime, encoder: str, step: str = "cluster_tree") -> StepRun:
    """A run of a step when the newest vectors are of an encoder."""
    made_with = {"encoder": encoder, "encoder_version": encoder}
    keep_version(runtime.store(), "embeddings", "may", made_with=made_with)
    return StepRun(runtime, step, "", "run")


def test_a_tree_comes_back_with_its_encoder_and_settings_and_with_no_others(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    assert kept_tree(_of(runtime, "old")) is None
    cluster = {"level": 1, "cluster": 0, "centroid": b"\0\0\0\0", "tree_version": "t"}
    centroids = table("cluster_tree", [cluster])
    explained = table("tree_explanation", [{"line": 1, "sentence": "because", "n_built": 3, "tree_version": "t"}])
    keep_tree(_of(runtime, "old"), centroids, explained)
    assert kept_tree(_of(runtime, "new")) is None
    found = kept_tree(_of(runtime, "old"))
    assert found is not None
    assert (found[0].to_pylist(), found[1].to_pylist()) == (centroids.to_pylist(), explained.to_pylist())
    other = notes_runtime(tmp_path, tree={"n_clusters": [9, 3]})
    assert kept_tree(_of(other, "old")) is None


def test_only_the_newest_four_trees_are_kept(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    empty = (table("cluster_tree", []), table("tree_explanation", []))
    for number in range(6):
        keep_tree(_of(runtime, f"encoder {number}"), *empty)
    there = [kept_tree(_of(runtime, f"encoder {number}")) is not None for number in range(6)]
    assert there == [False, False, True, True, True, True]


def test_decisions_on_vectors_of_another_encoder_count_again_when_it_comes_back(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)

    def decide(encoder: str, verdict: str) -> None:
        made_with: Any = {"encoder": encoder, "encoder_version": encoder}
        write_step(runtime.store(), "balanced_subset", [], made_with=made_with)
        row = {"sample_id": "a", "step": "balanced_subset", "batch": "", "verdict": verdict}
        partition = {"step": "balanced_subset", "batch": ""}
        runtime.store().write("ledger", table("ledger", [row]), partition=partition, run_id="run", code_version="1")

    def verdicts(encoder: str) -> list[str]:
        rows: pa.Table = decisions_of_same_vectors(_of(runtime, encoder, "balanced_subset"))
        return list(rows["verdict"].to_pylist())

    decide("old", "chosen")
    assert verdicts("old") == ["chosen"]
    assert verdicts("new") == []
    decide("new", "not_chosen")
    assert verdicts("new") == ["not_chosen"]
    assert verdicts("old") == ["chosen"]


def test_decisions_come_back_with_the_very_same_samples_settings_and_vectors(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    step_run = _of(runtime, "old", "balanced_subset")
    ids = pa.chunked_array([["b", "a"]])
    assert decisions_to_start_from(step_run, ids).num_rows == 0
    decided = pa.table({"sample_id": ["a", "b"], "verdict": ["chosen", "not_chosen"]})
    keep_decisions(step_run, ids, decided)
    assert decisions_to_start_from(step_run, pa.chunked_array([["a"], ["b"]])).to_pylist() == decided.to_pylist()
    assert decisions_to_start_from(step_run, pa.chunked_array([["a", "c"]])).num_rows == 0
    assert decisions_to_start_from(_of(runtime, "new", "balanced_subset"), ids).num_rows == 0
    other = notes_runtime(tmp_path, subset={"target_size": 30})
    assert decisions_to_start_from(_of(other, "old", "balanced_subset"), ids).num_rows == 0
