from schema_tables import table

from data_engine.labeling import with_distilled_answers, with_given_answers
from data_engine.labeling.training import TRAINING_PURPOSES


def test_labels_of_the_data_stand_beside_the_answers_and_never_against_them() -> None:
    answer = {"sample_id": "b", "label": "x", "provenance": "human", "purpose": "query", "arm": "manual"}
    reviewed = table("reviewed_labels", [answer])
    found = with_given_answers(reviewed, {"c": "y", "b": "y", "a": "x"}, hold_out=["c"]).to_pylist()
    assert [(row["sample_id"], row["label"], row["provenance"], row["purpose"]) for row in found] == [
        ("b", "x", "human", "query"),
        ("a", "x", "imported", "given"),
        ("c", "y", "imported", "hold_out"),
    ]
    assert found[1]["purpose"] in TRAINING_PURPOSES
    assert found[1]["answer"] == '{"label":"x"}'
    assert with_given_answers(reviewed, {}).equals(reviewed)


def test_answers_of_a_model_are_marked_and_stand_behind_those_of_people() -> None:
    held_out = {"sample_id": "b", "label": "x", "provenance": "human", "purpose": "hold_out", "is_simulated": False}
    accepted = [
        {"sample_id": name, "label": label, "model": "small: m", "is_simulated": simulated}
        for name, label, simulated in (("b", "y", False), ("c", "y", True), ("a", "x", False), ("d", "gone", False))
    ]
    found = with_distilled_answers(
        table("reviewed_labels", [held_out]), table("distilled_answers", accepted), ["x", "y"]
    ).to_pylist()
    assert [(row["sample_id"], row["provenance"], row["purpose"], row["is_simulated"]) for row in found] == [
        ("b", "human", "hold_out", False),
        ("a", "foundation_auto", "distilled", False),
        ("c", "simulated", "distilled", True),
    ]
    assert "distilled" in TRAINING_PURPOSES
