"""A corpus whose label rules decide first, from its YAML to its release."""

import pytest
from small_project import TOPICS, SmallProject, notes_corpus, write_notes


@pytest.fixture
def ruled(project: SmallProject) -> SmallProject:
    write_notes(project.folder / "source", "may", 160, 3)
    corpus = notes_corpus(project.folder / "source", tree={"n_clusters": [24, 8]})
    corpus["subset"] = {"target_size": 150, "compare_with": []}
    any_word = "|".join(TOPICS["baking"].split())
    corpus["labels"] |= {  # type: ignore[operator]
        "rounds": 0,
        "target_precision": 0.85,
        "deciders": [
            {"name": "rules", "cost": 1, "patterns": {"baking": [rf"\b({any_word})\b"]}},
            {"name": "classifier", "cost": 2},
            {"name": "person", "cost": 100},
        ],
    }
    project.add(corpus)
    return project


def test_rules_decide_what_they_are_certified_for_and_the_rest_goes_on(ruled: SmallProject) -> None:
    assert "held" not in ruled.run("notes")
    store = ruled.load().runtime("notes").store()
    proposals = store.read("proposals").to_pylist()
    taken = [row for row in proposals if row["route"] == "rules"]
    assert len(taken) > 20
    assert {row["label"] for row in taken} == {"baking"}
    assert all(row["reason"].startswith("rules: a pattern, score 1.0000 >= gate 1.0000") for row in taken)
    others = [row["reason"] for row in proposals if row["route"] != "rules"]
    assert others
    assert all("rules (no pattern of one class)" in reason for reason in others)

    ledger = store.read("ledger", partition={"step": "proposals", "batch": ""}).to_pylist()
    assert sorted(row["verdict"] for row in ledger) == sorted(row["route"] for row in proposals)
    for row in ledger:
        if row["verdict"] == "rules":
            assert row["reason"].startswith("baking, rules: a pattern, score 1.0000 >= gate 1.0000")
            assert (row["threshold"], row["score"] >= 0.85) == (0.85, True)
    by_rule = [row for row in store.read("labels").to_pylist() if row["provenance"] == "rule_auto"]
    assert by_rule
    assert {(row["label"], row["classifier_version"], row["n_annotations"]) for row in by_rule} == {("baking", None, 0)}

    metrics = {(row["metric"], row["scope"]): row["value"] for row in store.read("quality_report").to_pylist()}
    n = len(proposals)
    routes = [row["route"] for row in proposals]
    assert metrics["accepted_share", "rules"] == pytest.approx(len(taken) / n)
    assert metrics["accepted_share", "classifier"] == pytest.approx(routes.count("classifier") / n)
    asked_by_classifier, asked_of_people = n - len(taken), routes.count("person")
    assert metrics["decision_cost", "all"] == n + 2 * asked_by_classifier + 100 * asked_of_people
    assert metrics["decision_cost", "classifier"] == 2 * asked_by_classifier
