import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling import SimulatedLabeller

IDS = [f"s{number}" for number in range(2000)]


def test_the_same_labeller_gives_the_same_answers_and_another_name_others() -> None:
    ann = SimulatedLabeller("ann", 0.3, seed=1)
    given = [ann.answer(sample_id, 2, 5) for sample_id in IDS]
    assert given == [SimulatedLabeller("ann", 0.3, seed=1).answer(sample_id, 2, 5) for sample_id in IDS]
    assert given != [SimulatedLabeller("bob", 0.3, seed=1).answer(sample_id, 2, 5) for sample_id in IDS]
    assert given != [SimulatedLabeller("ann", 0.3, seed=2).answer(sample_id, 2, 5) for sample_id in IDS]


def test_errors_come_at_the_rate_asked_for_and_evenly_among_the_other_classes() -> None:
    ann = SimulatedLabeller("ann", 0.3, seed=0)
    given = [ann.answer(sample_id, 2, 5) for sample_id in IDS]
    assert given.count(2) / 2000 == pytest.approx(0.7, abs=0.03)
    for other in (0, 1, 3, 4):
        assert given.count(other) / 2000 == pytest.approx(0.075, abs=0.02)


def test_rates_of_zero_and_one_are_exact() -> None:
    assert {SimulatedLabeller("a", 0.0, seed=0).answer(sample_id, 1, 3) for sample_id in IDS} == {1}
    assert {SimulatedLabeller("a", 1.0, seed=0).answer(sample_id, 1, 3) for sample_id in IDS} == {0, 2}


def test_an_anchored_labeller_accepts_wrong_proposals_at_its_rate() -> None:
    ann = SimulatedLabeller("ann", 0.0, seed=0, anchoring=0.4)
    given = [ann.answer(sample_id, 2, 5, proposed=4) for sample_id in IDS]
    assert given.count(4) / 2000 == pytest.approx(0.4, abs=0.03)
    assert given.count(4) + given.count(2) == 2000
    assert {ann.answer(sample_id, 2, 5, proposed=2) for sample_id in IDS} == {2}
    assert {ann.answer(sample_id, 2, 5) for sample_id in IDS} == {2}


def test_impossible_rates_and_classes_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"error_rate is 1\.5"):
        SimulatedLabeller("ann", 1.5, seed=0)
    with pytest.raises(InvalidInput, match="true_class is 3 of 3 classes"):
        SimulatedLabeller("ann", 0.1, seed=0).answer("s", 3, 3)
    with pytest.raises(InvalidInput, match="at least 2 classes"):
        SimulatedLabeller("ann", 0.1, seed=0).answer("s", 0, 1)
