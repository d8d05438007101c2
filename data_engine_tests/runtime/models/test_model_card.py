from schema_tables import table
from written_steps import NOON

from data_engine.runtime.models.model_card import model_card
from data_engine.runtime.models.promotions import HandPromotion


def test_a_card_says_what_a_version_is_reaches_and_who_decided_about_it() -> None:
    rows = [{"classifier_version": "v1", "n_rounds": 1, "accuracy": 0.9, "model": "mlp", "is_in_service": False}]
    figure = {"classifier_version": "v1", "trained_on": "all", "slice": "class", "value": "a", "metric": "recall"}
    others = [{**figure, "classifier_version": "v2"}, {**figure, "trained_on": "control"}]
    figures = table("classifier_figures", [{**figure, "share": 0.25, "low": 0.1, "high": 0.5, "n": 8}, *others])
    decided = [HandPromotion(1, "promote", "v2", "v1", "ada", NOON, "it is better")]
    card = model_card(table("classifier", rows).to_pylist()[0], figures, decided).to_pylist()
    said = {(row["section"], row["name"]): row["value"] for row in card}
    assert said["what it is", "model"] == "mlp"
    assert said["what it is", "in service"] == "no"
    assert said["what it learnt from", "review rounds"] == "1"
    assert said["decided by people", "promote"] == "ada decided so on 2026-03-01 12:00 UTC: it is better"
    assert ("what it is", "learnt in") not in said
    recall = [row for row in card if row["section"] == "by class"]
    assert [(row["name"], row["value"], row["low"], row["high"], row["n"]) for row in recall] == [
        ("a, recall", "0.25", 0.1, 0.5, 8)
    ]
