from schema_tables import table

from data_engine.labeling import with_given_answers
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
