"""Samples that arrive while the daemon runs: asked about within the budget, answered, and learnt from."""

import json
from pathlib import Path
from random import Random
from typing import Any

import dagster as dg
from small_project import TOPICS, SmallProject
from ticking import Ticking

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.simulation.simulated_answers import answer_simulated
from data_engine.runtime.step_run import execute


def _write_mixed(folder: Path, batch: str, n: int, seed: int) -> None:
    """A file of texts about two topics each, of which no classifier can be sure."""
    random = Random(seed)
    rows = []
    for number in range(n):
        topics = random.sample(list(TOPICS), 2)
        words = [random.choice(TOPICS[topics[i % 2]].split()) for i in range(12)]
        rows.append({"id": f"{batch}-{number}", "text": " ".join(words), "topic": topics[0]})
    (folder / f"{batch}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def _asked(runtime: CorpusRuntime) -> dict[str, set[str]]:
    """The samples asked about by review batch, the rounds left out."""
    with runtime.queue() as queue:
        tasks: list[dict[str, Any]] = queue.tables("notes")["review_task"].to_pylist()
    found: dict[str, set[str]] = {}
    for task in tasks:
        if task["purpose"] == "arriving":
            found.setdefault(task["review_batch"], set()).add(task["sample_id"])
    return found


def _n_training(runtime: CorpusRuntime) -> int:
    return int(runtime.store().read("classifier")["n_training"].to_pylist()[-1])


def test_new_files_are_ingested_asked_about_within_the_budget_and_learnt_from(
    finished: SmallProject, instance: dg.DagsterInstance
) -> None:
    finished.change("notes", review={"arriving_share": 0.1})
    new_batches = Ticking(finished, "new_batches", instance)
    runtime, source = new_batches.runtime, finished.folder / "source"
    assert new_batches.tick() == []  # what is there already is left to the rounds
    arrived = []
    for seed, month in enumerate(("august", "september")):
        _write_mixed(source, month, 60, seed)
        [request] = new_batches.tick()
        assert len(_asked(runtime)) == seed  # not before it is embedded
        assert new_batches.execute(request).success
        assert new_batches.tick() == []
        assert str(new_batches.skipped).endswith(f"notes-arriving-00{seed + 1} asks about samples that arrived")
        assert new_batches.tick() == []
        arrived.append(runtime.store().read("embeddings", partition={"batch": f"{month}.jsonl"})["sample_id"])
    first, second = (_asked(runtime)[f"notes-arriving-00{number}"] for number in (1, 2))
    assert first <= set(arrived[0].to_pylist()) and second <= set(arrived[1].to_pylist())
    # Ten are free at first, then 10 % of 60 a file.
    assert 6 <= len(second) < len(first) <= 16

    before = _n_training(runtime)
    for batch_id, samples in _asked(runtime).items():
        assert answer_simulated(runtime, batch_id) == len(samples)
    closer = Ticking(finished, "review_closer", instance)
    for request in closer.tick():
        assert closer.execute(request).success
    execute(runtime, "classifier", run_id="learn")
    assert _n_training(runtime) == before + len(first) + len(second)
