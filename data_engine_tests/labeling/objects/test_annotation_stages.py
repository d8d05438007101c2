import pyarrow as pa
import pytest

from data_engine.labeling.objects.annotation_stages import annotation_stages, stages_shown
from data_engine.schemas import PROPOSALS, REVIEWED_LABELS, answer_text


def objects(*boxes: tuple[int, int], clicks: int = 0) -> str:
    """Squares of 20 px, each from its place; every one with so many clicks."""
    made = [
        {"class": "coin", "polygons": [[[x, y], [x + 20, y], [x + 20, y + 20], [x, y + 20]]]}
        | ({"clicks": [[x + 1, y + 1, True]] * clicks, "n_edits": clicks} if clicks else {})
        for x, y in boxes
    ]
    return answer_text({"size": [100, 100], "objects": made})


def reviewed(*rows: dict) -> pa.Table:
    whole = []
    for number, row in enumerate(rows):
        given = {"annotation_id": str(number), "task_id": f"t{number}", "review_batch": "r", "purpose": "query"}
        given |= {"arm": "manual", "provenance": "human", "is_simulated": False, "revision": 1, "kind": "objects"}
        whole.append(given | row)
    return pa.Table.from_pylist(whole, schema=REVIEWED_LABELS)


def test_objects_by_points_are_stage_one_and_what_saw_a_proposal_is_compared_with_them() -> None:
    shown = {"arm": "proposed", "proposed_answer": objects((0, 0))}
    table = reviewed(
        {"sample_id": "a", "annotator": "ann", "answer": objects((0, 0), (40, 40), clicks=2), "active_s": 12.0},
        {"sample_id": "b", "annotator": "ann", "answer": objects((0, 0)), "active_s": 3.0},
        {"sample_id": "a", "annotator": "bob", "answer": objects((1, 0)), "active_s": 2.0, **shown},
    )
    first, second = annotation_stages(table, None, target=0.9).to_pylist()
    assert (first["stage"], first["n_samples"], first["n_annotations"]) == ("assisted", 2, 3)
    assert first["seconds_per_annotation"] == 5.0
    assert (first["edited_share"], first["clicks_per_edited"]) == (pytest.approx(2 / 3), 2.0)
    assert first["as_stage_one"] is None and first["guard_holds"] is None
    assert (second["stage"], second["as_stage_one"], second["n_compared"]) == ("semi-automatic", 0.5, 2)
    assert second["missed_per_sample"] == 1.0 and second["low"] < 0.1 and second["guard_holds"] is False


def test_classes_have_the_same_stages_and_simulated_answers_stand_apart() -> None:
    def said(sample_id: str, label: str, **row: object) -> dict:
        answer = answer_text({"label": label})
        return {"sample_id": sample_id, "annotator": "ann", "kind": "class", "answer": answer, "label": label, **row}

    proposed = {"arm": "proposed", "annotator": "bob", "proposed_answer": answer_text({"label": "x"})}
    simulated = {"annotator": "simulated:one", "is_simulated": True, "provenance": "simulated"}
    table = reviewed(
        *(said(f"s{n}", "x", active_s=4.0, purpose="hold_out" if n > 1 else "query") for n in range(30)),
        *(said(f"s{n}", "x" if n else "y", active_s=1.0, **proposed) for n in range(30)),
        said("s1", "x", **simulated),
    )
    one = {"classifier_version": "v", "kind": "class", "probability": 0.9, "probabilities": b"", "uncertainty": 0.1}
    one |= {"utility": 0.0, "difficulty": "easy", "answer": answer_text({"label": "x"}), "reason": ""}
    routed = [{**one, "sample_id": f"s{n}", "route": "classifier" if n else "person"} for n in range(30)]
    found = stages_shown(
        annotation_stages(table, pa.Table.from_pylist(routed, schema=PROPOSALS), target=0.87).to_pylist()
    )
    assert [(row["stage"], row["is_simulated"], row["n_annotations"]) for row in found] == [
        ("manual", False, 30),
        ("proposed", False, 30),
        ("gated", False, 29),
        ("manual", True, 1),
        ("gated", True, 29),
    ]
    assert (found[1]["edited_share"], found[1]["seconds_per_annotation"]) == (pytest.approx(1 / 30), 1.0)
    assert found[1]["as_stage_one"] == pytest.approx(29 / 30) and found[1]["guard_holds"] is False
    # What no person looks at is compared on the hold-out alone: from the other answers a model learnt.
    assert (found[2]["as_stage_one"], found[2]["n_compared"], found[2]["guard_holds"]) == (1.0, 28, True)
    assert found[3]["seconds_per_annotation"] is None


def test_nobody_answered_nothing() -> None:
    assert annotation_stages(reviewed(), None, target=0.9).num_rows == 0
