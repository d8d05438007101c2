import pytest
from schema_tables import table

from data_engine.corpus import Corpus, DeciderSettings
from data_engine.reporting.metrics.decider_costs import (
    cost_metrics,
    cost_totals,
    decider_costs,
    model_metrics,
    need_metrics,
)

MODEL = {"name": "small", "url": "http://h/v1", "model": "m", "price_in": 1.0}


def _corpus() -> Corpus:
    deciders = [{"name": "classifier", "cost": 0.5}, "foundation_model", {"name": "person", "cost": 10}]
    return Corpus.model_validate(
        {
            "name": "c",
            "source": {"kind": "jsonl", "path": "x"},
            "subset": {"target_size": 10},
            "labels": {"question": "q", "classes": ["a", "b"], "deciders": deciders},
            "foundation_model": MODEL,
        }
    )


def _paid(sample_id: str, purpose: str, label: str | None, expected: str | None = None) -> dict[str, object]:
    return {
        "sample_id": sample_id, "purpose": purpose, "label": label, "expected": expected, "n_calls": 1,
        "tokens_in": 100, "tokens_out": 10, "cost": 0.25, "seconds": 2.0,
    }  # fmt: skip


def _tables() -> dict[str, object]:
    routes = ["classifier"] * 4 + ["foundation_model"] * 2 + ["person"] * 4
    makers = ["model_auto"] * 4 + ["foundation_auto"] * 2 + ["human"] * 3 + ["imported"]
    batches = [None] * 6 + ["r1", "r1", "r2", None]
    answers = [
        {"review_batch": batch, "task_id": f"t{n}", "annotator": "ada", "revision": 1, "active_s": 3.0}
        for n, batch in enumerate(["r1", "r1", "r1", "r2"])
    ]
    answers.append({**answers[0], "revision": 2, "active_s": 5.0})
    return {
        "proposals": table("proposals", [{"sample_id": f"s{n}", "route": name} for n, name in enumerate(routes)]),
        "labels": table(
            "labels",
            [
                {"sample_id": f"s{n}", "provenance": maker, "review_batch": batch}
                for n, (maker, batch) in enumerate(zip(makers, batches, strict=True))
            ],
        ),
        "reviewed_labels": table("reviewed_labels", answers),
        "foundation_answers": table(
            "foundation_answers",
            [
                _paid("h1", "hold_out", "a", "a"),
                _paid("h2", "hold_out", "a", "b"),
                _paid("s4", "pool", "a"),
                _paid("s5", "pool", "b"),
                _paid("s6", "pool", None),
                _paid("h1", "injection", "b", "b"),
                _paid("h2", "injection", "a", "b"),
            ],
        ),
    }


def test_every_decider_has_what_it_was_asked_made_and_cost_people_by_review_batch() -> None:
    costs = decider_costs(_corpus(), _tables())  # type: ignore[arg-type]
    columns = ("decider", "batch", "n_asked", "n_labels", "money", "active_s", "n_calls")
    assert [tuple(row[name] for name in columns) for row in costs.to_pylist()] == [
        ("classifier", "", 10, 4, 5.0, 0.0, 0),
        ("foundation_model", "", 7, 2, 1.75, 0.0, 7),
        ("person", "r1", 3, 2, 30.0, 11.0, 0),
        ("person", "r2", 1, 1, 10.0, 3.0, 0),
    ]


def test_a_label_has_a_price_by_route_and_the_next_unit_buys_without_what_was_paid_once() -> None:
    found = {(m.metric, m.scope): m.value for m in cost_metrics(decider_costs(_corpus(), _tables()))}  # type: ignore[arg-type]
    assert found == {
        ("cost_per_label", "all"): pytest.approx(46.75 / 9),
        ("cost_per_label", "classifier"): 1.25,
        ("cost_per_label", "foundation_model"): 0.875,
        ("cost_per_label", "person"): pytest.approx(40 / 3),
        ("labels_per_cost", "classifier"): 0.8,
        ("labels_per_cost", "foundation_model"): pytest.approx(2 / 0.75),
        ("labels_per_cost", "person"): pytest.approx(3 / 40),
    }


def test_there_are_costs_without_a_foundation_model_and_none_without_money() -> None:
    corpus = _corpus().model_copy(update={"foundation_model": None})
    some = {name: rows for name, rows in _tables().items() if name in ("reviewed_labels", "labels")}
    totals = {row["decider"]: row for row in cost_totals(decider_costs(corpus, some))}  # type: ignore[arg-type]
    assert (totals["person"]["money"], totals["person"]["active_s"]) == (40.0, 14.0)
    nothing = decider_costs(corpus, {})
    assert [row["n_asked"] for row in nothing.to_pylist()] == [0, 0, 0]
    assert cost_metrics(nothing) == []


def test_the_model_is_measured_on_its_hold_out_and_on_texts_that_order_it_about() -> None:
    found = {metric.metric: (metric.value, metric.n) for metric in model_metrics(_tables()["foundation_answers"])}  # type: ignore[arg-type]
    assert found == {
        "foundation_answered_share": (0.8, 5),
        "foundation_accuracy": (0.5, 2),
        "injection_rate": (0.5, 2),
    }


def test_the_need_of_the_model_is_measured_on_the_hold_out_round_by_round() -> None:
    rounds = [
        {"classifier_version": f"v{n}", "n_hold_out": 10, "n_hold_out_needing": needing}
        for n, needing in enumerate((8, 3))
    ]
    found = need_metrics(table("foundation_rounds", rounds))
    assert [(m.scope, m.value, m.n) for m in found] == [("round 1", 0.8, 10), ("round 2", 0.3, 10)]


def test_labels_of_checked_clusters_are_those_of_the_tree() -> None:
    labels = _corpus().labels.model_copy(
        update={"deciders": tuple(DeciderSettings(name=name) for name in ("classifier", "tree", "person"))}
    )
    made = [{"provenance": "model_auto", "classifier_version": version} for version in ("v1", None, None)]
    rows = table("labels", [{"sample_id": str(n), **row} for n, row in enumerate(made)])
    costs = decider_costs(_corpus().model_copy(update={"labels": labels}), {"labels": rows})
    assert {row["decider"]: row["n_labels"] for row in costs.to_pylist()} == {"classifier": 1, "tree": 2, "person": 0}


def test_what_was_paid_in_earlier_rounds_stays_in_the_costs() -> None:
    rounds = [{"n_asked": 40, "n_calls": 45, "tokens_in": 900, "tokens_out": 90, "seconds": 8.0, "cost": 11.0}]
    tables = {**_tables(), "foundation_rounds": table("foundation_rounds", rounds)}
    row = next(each for each in decider_costs(_corpus(), tables).to_pylist() if each["decider"] == "foundation_model")  # type: ignore[arg-type]
    assert (row["n_asked"], row["n_calls"], row["money"], row["tokens_in"]) == (40, 45, 11.0, 900)
    assert (row["next_labels"], row["next_money"]) == (2, 0.75)
