from collections import Counter
from typing import Any

import pyarrow as pa
import pytest
from small_project import SmallProject

from data_engine.runtime.step_run import StepRun, execute


def test_samples_of_all_batches_are_read_for_the_first_that_is_tested_and_for_no_other(
    finished: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = finished.load().runtime("notes")
    folder = runtime.store().artefacts().folder
    before = {path.name: path.read_bytes() for path in folder.glob("drift-arrivals-*")}
    assert len(before) == 1
    _, first = execute(runtime, "drift_report", "may.jsonl", run_id="one")
    asked: Counter[str] = Counter()
    look_up = StepRun.look_up

    def watched(self: StepRun, table: str, **kwargs: Any) -> pa.Table:
        asked[table] += 1
        return look_up(self, table, **kwargs)

    monkeypatch.setattr(StepRun, "look_up", watched)
    _, again = execute(runtime, "drift_report", "may.jsonl", run_id="two")
    assert not {"first_pass", "tree_assignments"} & set(asked)
    assert again.data_version == first.data_version
    (kept,) = folder.glob("drift-arrivals-*")
    kept.write_bytes(b"damaged")
    _, anew = execute(runtime, "drift_report", "may.jsonl", run_id="three")
    assert (asked["first_pass"], asked["tree_assignments"]) == (1, 1)
    assert anew.data_version == first.data_version
    assert {path.name: path.read_bytes() for path in folder.glob("drift-arrivals-*")} == before
