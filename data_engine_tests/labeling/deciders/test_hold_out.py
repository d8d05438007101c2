import pyarrow as pa

from data_engine.labeling.deciders.hold_out import hold_out_classes
from data_engine.schemas import REVIEWED_LABELS


def _answer(sample_id: str, label: str, purpose: str, number: int = 0) -> dict[str, object]:
    return {
        "annotation_id": f"{sample_id}-{number}", "sample_id": sample_id, "review_batch": "r", "task_id": sample_id,
        "purpose": purpose, "arm": "manual", "annotator": f"a{number}", "kind": "class",
        "answer": f'{{"label":"{label}"}}', "label": label, "provenance": "human", "is_simulated": False, "revision": 1,
    }  # fmt: skip


def test_the_hold_out_has_the_class_that_people_agree_on_and_other_answers_do_not_count() -> None:
    rows = [_answer("x", "a", "hold_out", n) for n in range(2)]
    rows += [_answer("x", "b", "hold_out", 2), _answer("y", "b", "hold_out"), _answer("z", "a", "query")]
    reviewed = pa.Table.from_pylist(rows, schema=REVIEWED_LABELS)
    assert hold_out_classes(reviewed, ["a", "b"]) == {"x": "a", "y": "b"}
    assert hold_out_classes(reviewed, ["a", "b"], among=["y", "z"]) == {"y": "b"}
    assert hold_out_classes(reviewed.slice(0, 0), ["a", "b"]) == {}
