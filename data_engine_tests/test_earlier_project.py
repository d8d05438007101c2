"""A project that an earlier version of the engine left half way: the next run goes on from there."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from earlier_project import REVIEW_BATCH, unpack_earlier_project
from small_project import SmallProject

from data_engine.runtime.simulation.simulated_answers import known_classes
from data_engine.storage import TableStore


@pytest.fixture
def earlier(tmp_path: Path, engine_folder: Path, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    project = unpack_earlier_project(tmp_path, engine_folder / "data")
    monkeypatch.syspath_prepend(str(tmp_path))
    return project


def _answers(store: TableStore) -> dict[str, tuple[str, str, str, int]]:
    rows = store.read("reviewed_labels").to_pylist()
    return {row["annotation_id"]: (row["sample_id"], row["label"], row["provenance"], row["revision"]) for row in rows}


def test_the_next_run_keeps_every_answer_and_takes_in_new_ones(earlier: SmallProject) -> None:
    runtime = earlier.load().runtime("notes")
    before = _answers(runtime.store())
    with runtime.queue() as queue:
        by_people = queue.answers(REVIEW_BATCH)["annotation_id"].to_pylist()
        for number in range(3):
            lease = queue.next("cleo", now=datetime.now(UTC), batch=REVIEW_BATCH)
            assert lease is not None
            label = known_classes(runtime)[lease.task.sample_id]
            queue.submit(lease.lease_id, f"cleo-{number}", label=label, now=datetime.now(UTC), active_s=2.0)
    assert (len(before), len(by_people)) == (40, 10)

    assert "held" not in earlier.run("notes")

    store = runtime.store()
    after = _answers(store)
    assert before.items() <= after.items()
    assert set(by_people) <= set(after)
    assert sum(row["annotator"] == "cleo" for row in store.read("reviewed_labels").to_pylist()) == 3
    for name in ("reviewed_labels", "labels", "proposals"):
        table = store.read(name)
        assert set(table["kind"].to_pylist()) == {"class"}
        assert [json.loads(answer)["label"] for answer in table["answer"].to_pylist()] == table["label"].to_pylist()
    assert set(store.read("proposals")["route"].to_pylist()) <= {"classifier", "person"}
    assert "no step ran" in earlier.run("notes")
