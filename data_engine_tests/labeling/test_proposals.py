import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling import STRATEGIES, Strategy, fit_classifier, probabilities_of, propose, utility
from data_engine.labeling.deciders.cascade import Opinion
from data_engine.labeling.gate import Gate
from data_engine.labeling.strategies.uncertainty import pick_top
from data_engine.schemas import PROPOSALS

NAMES = ("a", "b", "c")


@pytest.fixture
def trained(make_classes):
    data = make_classes(60, 3)
    data.classifier = fit_classifier(data.x, data.y, seed=0, n_classes=3, class_names=NAMES)
    data.probabilities = data.classifier.predict_proba(data.x)
    return data


def gate(threshold: float | None) -> Gate:
    return Gate(threshold, None if threshold is None else 0.96, 0 if threshold is None else 80, 0.95, 0.9)


def test_what_the_gate_accepts_needs_no_person_and_says_why(trained) -> None:
    threshold = float(np.median(trained.probabilities.max(axis=1)))
    table = propose(trained.classifier, gate(threshold), trained.x, trained.ids, NAMES, strategy="margin")
    assert table.schema.equals(PROPOSALS)
    for row in table.to_pylist():
        accepted = row["probability"] >= threshold
        assert row["route"] == ("classifier" if accepted else "person")
        assert (row["difficulty"] == "easy") == accepted
        sign = ">=" if accepted else "<"
        why = f"probability {row['probability']:.4f} {sign} gate {threshold:.4f}"
        assert row["reason"] == (f"classifier: {why}" if accepted else f"person: classifier ({why})")
        assert row["gate_lower_bound"] == (0.96 if accepted else None)
        assert row["uncertainty"] == pytest.approx(1 - row["probability"])


def test_without_a_gate_every_sample_goes_to_a_person(trained) -> None:
    table = propose(trained.classifier, gate(None), trained.x, trained.ids, NAMES, strategy="entropy")
    assert set(table["route"].to_pylist()) == {"person"}
    why = "person: classifier (no gate: the hold-out does not certify a precision of 0.95)"
    assert set(table["reason"].to_pylist()) == {why}
    assert "easy" not in table["difficulty"].to_pylist()


def test_labels_utilities_and_probabilities_are_the_classifiers_own(trained) -> None:
    table = propose(trained.classifier, gate(None), trained.x, trained.ids, NAMES, strategy="entropy")
    assert table["label"].to_pylist() == [NAMES[top] for top in trained.probabilities.argmax(axis=1)]
    assert np.allclose(table["utility"].to_numpy(), utility("entropy", trained.probabilities), atol=1e-6)
    assert (probabilities_of(table) == trained.probabilities).all()


def test_rules_take_what_they_are_sure_of_before_the_classifier_is_asked(trained) -> None:
    said = tuple('{"label":"c"}' if row < 3 else None for row in range(60))
    rules = Opinion("rules", gate(1.0), said, np.array([answer is not None for answer in said], dtype=np.float64))
    threshold = float(np.median(trained.probabilities.max(axis=1)))
    table = propose(
        trained.classifier, gate(threshold), trained.x, trained.ids, NAMES, strategy="margin",
        deciders=("rules", "classifier", "person"), opinions={"rules": rules},
    )  # fmt: skip
    rows, alone = (
        table.to_pylist(),
        propose(trained.classifier, gate(threshold), trained.x, trained.ids, NAMES, strategy="margin").to_pylist(),
    )
    for row in rows[:3]:
        assert (row["route"], row["answer"], row["label"], row["difficulty"]) == ("rules", '{"label":"c"}', "c", "easy")
        assert (row["probability"], row["gate_lower_bound"]) == (pytest.approx(0.96), 0.96)
        assert row["uncertainty"] == pytest.approx(0.04)
    same = ("route", "answer", "probability", "uncertainty", "difficulty", "utility", "probabilities")
    assert [[row[name] for name in same] for row in rows[3:]] == [[row[name] for name in same] for row in alone[3:]]
    assert (probabilities_of(table) == trained.probabilities).all()


def test_without_the_classifier_among_the_deciders_it_only_proposes(trained) -> None:
    table = propose(
        trained.classifier, gate(0.0), trained.x, trained.ids, NAMES, strategy="margin", deciders=("person",)
    )
    assert set(table["route"].to_pylist()) == {"person"}
    assert set(table["reason"].to_pylist()) == {"person: nobody else decides"}
    assert table["label"].to_pylist() == [NAMES[top] for top in trained.probabilities.argmax(axis=1)]


def test_no_samples_give_no_proposals(trained) -> None:
    table = propose(trained.classifier, gate(0.9), trained.x[:0], [], NAMES, strategy="margin")
    assert table.num_rows == 0
    assert probabilities_of(table).shape == (0, 0)


def test_other_classes_and_other_lengths_are_refused(trained) -> None:
    with pytest.raises(InvalidInput, match="the corpus has 3 classes"):
        propose(trained.classifier, gate(None), trained.x, trained.ids, ("c", "b", "a"), strategy="margin")
    with pytest.raises(InvalidInput, match="2 sample_ids for 60 embeddings"):
        propose(trained.classifier, gate(None), trained.x, trained.ids[:2], NAMES, strategy="margin")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_the_utilities_of_every_strategy_are_written_down(strategy: str, trained) -> None:
    known = {"labelled": [0, 1, 2], "labels": trained.y[:3]}
    table = propose(trained.classifier, gate(None), trained.x, trained.ids, NAMES, strategy=strategy, **known)
    expected = utility(strategy, trained.probabilities, embeddings=trained.x, **known)
    assert np.allclose(table["utility"].to_numpy(), expected, atol=1e-6)
    assert np.isfinite(expected).all()


def test_a_strategy_may_measure_by_embeddings_and_what_is_labelled_or_not_at_all(trained, monkeypatch) -> None:
    def distance(pool):
        return 1 - (pool.rows()[pool.free] @ pool.rows()[pool.labelled].T).max(axis=1)

    strategies = [Strategy("far", "far from what is labelled", distance, pick_top)]
    strategies.append(Strategy("first", "the first rows", lambda _: None, lambda pool, _, n: pool.free[:n]))
    for each in strategies:
        monkeypatch.setitem(STRATEGIES, each.name, each)
    known = {"labelled": [4], "labels": [0]}
    written = [
        propose(trained.classifier, gate(None), trained.x, trained.ids, NAMES, strategy=each.name, **known)["utility"]
        for each in strategies
    ]
    assert np.allclose(written[0].to_numpy(), 1 - trained.x @ trained.x[4], atol=1e-6)
    assert set(written[1].to_pylist()) == {0}
    with pytest.raises(InvalidInput, match="embeddings are None, and this strategy measures or picks by them"):
        utility("far", trained.probabilities, labelled=[4], labels=[0])


def test_what_the_classifier_learnt_from_the_foundation_model_it_does_not_decide(trained) -> None:
    said = tuple('{"label":"c"}' if row < 2 else None for row in range(60))
    model = Opinion("foundation_model", gate(0.9), said, np.array([0.95, 0.5, *[0.0] * 58]))
    table = propose(
        trained.classifier,
        gate(0.0),
        trained.x,
        trained.ids,
        NAMES,
        strategy="margin",
        deciders=["classifier", "foundation_model", "person"],
        opinions={"foundation_model": model},
        learnt=trained.ids[:2],
    )
    first, second, *others = table.to_pylist()
    assert (first["route"], first["label"]) == ("foundation_model", "c")
    assert first["reason"].endswith("after classifier (it learnt this sample from the foundation model)")
    assert second["route"] == "person"
    assert second["label"] == NAMES[trained.probabilities[1].argmax()]
    assert {row["route"] for row in others} == {"classifier"}
