from types import SimpleNamespace

import numpy as np
import pytest
from object_project import coins_at

from data_engine.labeling.gate import Gate
from data_engine.runtime.objects import proposed_masks
from data_engine.runtime.objects.object_rounds import NOTHING

GATE = Gate(0.8, 0.96, 60, 0.95, 0.9)


def found(failure: str = "") -> SimpleNamespace:
    return SimpleNamespace(failure=failure, size=(20, 60))


def table(said: dict[str, tuple[str, float]], shut: str = "", failures: dict[str, str] | None = None):
    ids = sorted(said)
    looked_at = {key: found((failures or {}).get(key, "")) for key in ids}
    opinion = proposed_masks._opinion(ids, said, looked_at, GATE, shut)  # type: ignore[arg-type]
    x = np.eye(len(ids), dtype=np.float32)
    return proposed_masks._table(ids, x, said, opinion, "v1", {}, "margin").to_pylist()


def test_images_above_the_certified_gate_need_no_person() -> None:
    rows = table({"a": (coins_at(0), 0.9), "b": (coins_at(0, 30), 0.4)})
    assert [(row["route"], row["gate_lower_bound"], row["label"]) for row in rows] == [
        ("classifier", 0.96, None),
        ("person", None, None),
    ]
    assert np.frombuffer(rows[0]["probabilities"], np.float32).tolist() == pytest.approx([0.9, 0.1])


def test_of_an_image_whose_masks_failed_nothing_is_proposed_with_the_reason() -> None:
    (row,) = table({"a": (coins_at(), 0.0)}, failures={"a": "the segmenter took too long"})
    assert row["route"] == "person" and f"{NOTHING}: the segmenter took too long" in row["reason"]


def test_audits_that_contradict_the_gate_shut_it() -> None:
    asked = [
        {"sample_id": f"s{n:02}", "purpose": "audit", "proposed_answer": coins_at(0), "probability": 0.9}
        for n in range(20)
    ]
    queue = SimpleNamespace(
        tables=lambda _name: {
            "review_task": SimpleNamespace(select=lambda _c: SimpleNamespace(to_pylist=lambda: asked))
        }
    )

    class Open:
        def __enter__(self):
            return queue

        def __exit__(self, *_):
            return None

    step_run = SimpleNamespace(corpus=SimpleNamespace(name="c"), runtime=SimpleNamespace(queue=Open))
    said = {row["sample_id"]: (coins_at(0), 0.9) for row in asked}
    right, wrong = ({key: coins_at(*lefts) for key in said} for lefts in ((0,), (0, 30)))
    assert proposed_masks._why_shut(step_run, GATE, said, right) == ""  # type: ignore[arg-type]
    why = proposed_masks._why_shut(step_run, GATE, said, wrong)  # type: ignore[arg-type]
    assert why.startswith("shut by its audits: 0 of 20 right")
    assert all(row["route"] == "person" for row in table({"a": (coins_at(0), 0.9)}, shut=why))
    other_version = {key: (coins_at(0), 0.85) for key in said}
    assert proposed_masks._why_shut(step_run, GATE, other_version, wrong) == ""  # type: ignore[arg-type]
