from pathlib import Path

import numpy as np
from small_project import SmallProject, notes_corpus
from written_steps import notes_runtime, write_step

from data_engine.runtime.step_run import execute


def _embedded(batch: str, n: int) -> list[dict[str, object]]:
    unit = np.array([1.0, 0.0], np.float32).tobytes()
    return [{"sample_id": f"{batch}{number}", "embedding": unit, "dim": 2} for number in range(n)]


def test_without_a_tree_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    runtime = notes_runtime(tmp_path)
    kept = [{"sample_id": f"may{n}", "uri": str(n), "verdict": "kept", "reason": "kept"} for n in range(3)]
    write_step(runtime.store(), "first_pass", kept, "may")
    write_step(runtime.store(), "embeddings", _embedded("may", 3), "may")
    step_run, result = execute(runtime, "drift_report", "may", run_id="run")
    (row,) = result.table.to_pylist()
    assert (row["n_samples"], row["n_reference"], row["is_alarm"], row["cluster"]) == (3, 0, False, None)
    assert row["note"] == "there is no cluster tree yet, so there is nothing to compare with"
    assert step_run.inputs["cluster_tree?"] == "False"


def test_a_batch_is_compared_with_all_others_on_every_top_cluster_duplicates_included(finished: SmallProject) -> None:
    runtime = finished.load().runtime("notes")
    _, result = execute(runtime, "drift_report", "may.jsonl", run_id="run")
    table = result.table
    assert sorted(table["cluster"].to_pylist()) == list(range(8))
    judged = runtime.store().read("first_pass").to_pylist()
    counted = [row for row in judged if row["verdict"] == "kept" or row["duplicate_of"]]
    n_window = sum(row["batch"] == "may.jsonl" for row in counted)
    assert set(table["n_samples"].to_pylist()) == {n_window}
    assert set(table["n_reference"].to_pylist()) == {len(counted) - n_window}
    assert abs(sum(table["observed_share"].to_pylist()) - 1) < 1e-9
    contributions = table["contribution"].to_pylist()
    assert contributions == sorted(contributions, reverse=True)


def test_below_the_least_number_of_samples_nothing_is_said(finished: SmallProject) -> None:
    finished.add(notes_corpus(Path("source"), drift={"min_samples": 1000}))
    _, result = execute(finished.load().runtime("notes"), "drift_report", "may.jsonl", run_id="run")
    (row,) = result.table.to_pylist()
    assert row["note"].startswith("not enough data: ")
    assert row["note"].endswith("; both need 1000")
    assert row["p_value"] is None
