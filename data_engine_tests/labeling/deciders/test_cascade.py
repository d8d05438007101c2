from dataclasses import replace

import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling.deciders.cascade import Opinion, route
from data_engine.labeling.gate import Gate

A, B = '{"label":"a"}', '{"label":"b"}'


def gate(threshold, target=0.95):
    return Gate(threshold, None if threshold is None else target + 0.01, 60, target, 0.9)


@pytest.fixture
def opinions():
    """Rules know the first sample, the classifier is sure of the second, and of the third nobody is."""
    return {
        "rules": Opinion("rules", gate(1.0), (A, None, None), np.array([1.0, 0, 0]), says_nothing="no pattern"),
        "classifier": Opinion("classifier", gate(0.8), (B, B, B), np.array([0.9, 0.8, 0.5])),
    }


def test_a_sample_goes_to_the_first_that_is_sure(opinions):
    routes = route(("rules", "classifier", "person"), opinions, 3)
    assert routes.deciders == ("rules", "classifier", "person")
    assert routes.answers == (A, B, None)
    assert routes.lower_bounds == (0.96, 0.96, None)
    assert routes.reasons == (
        "rules: probability 1.0000 >= gate 1.0000",
        "classifier: probability 0.8000 >= gate 0.8000, after rules (no pattern)",
        "person: rules (no pattern), classifier (probability 0.5000 < gate 0.8000)",
    )


def test_the_order_of_the_deciders_counts(opinions):
    assert route(("classifier", "rules", "person"), opinions, 3).deciders == ("classifier", "classifier", "person")
    assert route(("person",), opinions, 3).deciders == ("person",) * 3


def test_without_a_gate_a_decider_is_sure_of_nothing(opinions):
    opinions["rules"] = Opinion("rules", gate(None), (A, A, A), np.ones(3))
    routes = route(("rules", "person"), opinions, 3)
    assert set(routes.deciders) == {"person"}
    assert routes.reasons[0] == "person: rules (no gate: the hold-out does not certify a precision of 0.95)"


def test_an_answer_is_held_against_the_gate_of_its_class_where_classes_have_their_own():
    own, shut = replace(gate(0.4), lower_bound=0.99), gate(None)
    said = Opinion("classifier", gate(0.8), (A, B, B), np.array([0.5, 0.9, 0.7]))
    said = replace(said, gates=(own, shut, said.gate))
    routes = route(("classifier", "person"), {"classifier": said}, 3)
    assert routes.deciders == ("classifier", "person", "person")
    assert routes.lower_bounds == (0.99, None, None)
    assert routes.reasons == (
        "classifier: probability 0.5000 >= gate of its class 0.4000",
        "person: classifier (no gate of its class: the hold-out does not certify a precision of 0.95)",
        "person: classifier (probability 0.7000 < gate 0.8000)",
    )


def test_no_samples_have_no_routes():
    empty = Opinion("classifier", gate(0.8), (), np.empty(0))
    assert route(("classifier", "person"), {"classifier": empty}, 0).deciders == ()


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ((), "the deciders are none; person must be there once, as the last"),
        (("classifier",), "the deciders are classifier; person must be there once"),
        (("person", "classifier"), "person must be there once, as the last"),
        (("oracle", "person"), "decider is 'oracle', which does not exist"),
    ],
)
def test_an_order_that_leaves_samples_without_a_decider_is_refused(opinions, order, message):
    with pytest.raises(InvalidInput, match=message):
        route(order, opinions, 3)


def test_a_decider_without_an_opinion_on_every_sample_is_refused(opinions):
    with pytest.raises(InvalidInput, match="decider 'rules' has 0 opinions on 3 samples"):
        route(("rules", "person"), {}, 3)
    with pytest.raises(InvalidInput, match="decider 'rules' has 3 opinions on 4 samples; give one for each"):
        route(("rules", "person"), opinions, 4)


def test_small_scores_are_told_with_their_digits() -> None:
    small = Opinion("foundation_model", Gate(2.5e-5, 0.96, 60, 0.95, 0.9), ("x", "x"), np.array([5.8448e-05, 0.0]))
    assert small.why(0) == "probability 5.845e-05 >= gate 2.5e-05"
    assert small.why(1) == "probability 0.0000 < gate 2.5e-05"
