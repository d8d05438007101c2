from typing import Any

import pyarrow as pa
import pytest
from small_project import SmallProject

from data_engine.runtime.step_run import StepRun, execute


def test_only_embeddings_of_samples_that_are_new_among_the_known_ones_are_read_again(
    finished: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = finished.load().runtime("notes")
    _, first = execute(runtime, "drift_report", "may.jsonl", run_id="one")
    asked: list[str] = []
    look_up = StepRun.look_up

    def watched(self: StepRun, table: str, **kwargs: Any) -> pa.Table:
        asked.append(table)
        return look_up(self, table, **kwargs)

    monkeypatch.setattr(StepRun, "look_up", watched)
    _, again = execute(runtime, "drift_report", "june.jsonl", run_id="two")
    assert "embeddings" not in asked
    assert again.table["novelty_p"].null_count == 0
    for path in runtime.store().artefacts().folder.glob("known-samples-*"):
        path.write_bytes(b"damaged")
    _, anew = execute(runtime, "drift_report", "may.jsonl", run_id="three")
    assert "embeddings" in asked
    assert anew.data_version == first.data_version
