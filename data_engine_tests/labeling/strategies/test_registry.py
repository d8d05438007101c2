import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling import STRATEGIES, choose, fit_classifier, utility

THREE = np.array([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [0.9, 0.1, 0.0]])


def test_margin_is_one_minus_the_lead() -> None:
    assert utility("margin", THREE) == pytest.approx([1.0, 0.9, 0.2])


def test_least_confidence_is_one_minus_the_top() -> None:
    assert utility("least_confidence", THREE) == pytest.approx([0.5, 0.6, 0.1])


def test_entropy_is_in_nats() -> None:
    assert utility("entropy", THREE)[0] == pytest.approx(np.log(2))
    assert utility("entropy", np.full((1, 4), 0.25)) == pytest.approx([np.log(4)])


def test_margin_and_hybrid_rank_alike_and_random_prefers_nothing() -> None:
    assert (utility("hybrid", THREE) == utility("margin", THREE)).all()
    assert len(set(utility("random", THREE))) == 1


@pytest.mark.parametrize("name", sorted(STRATEGIES))
def test_every_strategy_gives_distinct_unlabelled_rows_the_same_for_the_same_seed(name: str, make_classes) -> None:
    data = make_classes(120, 4)
    labelled = np.arange(0, 120, 10)
    probabilities = fit_classifier(data.x[labelled], data.y[labelled], seed=0, n_classes=4).predict_proba(data.x)

    def ask(batch_size: int) -> np.ndarray:
        return choose(
            name,
            batch_size=batch_size,
            seed=7,
            embeddings=data.x,
            labelled=labelled,
            labels=data.y[labelled],
            probabilities=probabilities,
        )

    for batch_size in (0, 1, 30, 108):
        rows = ask(batch_size)
        assert rows.dtype == np.int64
        assert len(set(rows.tolist()) - set(labelled.tolist())) == batch_size
        assert (rows == ask(batch_size)).all()
    with pytest.raises(InvalidInput, match="batch_size is 109 but 108 of 120 samples"):
        ask(109)
    one_class = fit_classifier(data.x[:1], data.y[:1], seed=0, n_classes=1).predict_proba(data.x)
    rows = choose(name, batch_size=5, seed=0, embeddings=data.x, labelled=[], labels=[], probabilities=one_class)
    assert len(rows) == 5


@pytest.mark.parametrize("name", ["margin", "entropy", "least_confidence"])
def test_the_highest_utility_is_asked_first(name: str) -> None:
    x = np.eye(3, dtype=np.float32)
    rows = choose(name, batch_size=3, seed=0, embeddings=x, labelled=[], labels=[], probabilities=THREE)
    assert rows.tolist() == np.argsort(-utility(name, THREE)).tolist()


@pytest.mark.parametrize("name", sorted(name for name, each in STRATEGIES.items() if each.needs_probabilities))
def test_strategies_that_need_probabilities_say_so(name: str, make_classes) -> None:
    with pytest.raises(InvalidInput, match="needs class probabilities and got None; train a classifier first"):
        choose(name, batch_size=1, seed=0, embeddings=make_classes(4, 2).x, labelled=[], labels=[])


def test_hybrid_without_a_classifier_takes_one_typical_sample_of_each_group(make_classes) -> None:
    data = make_classes(100, 5, noise=0.1)
    rows = choose("hybrid", batch_size=5, seed=0, embeddings=data.x, labelled=[], labels=[])
    assert sorted(data.y[rows]) == [0, 1, 2, 3, 4]


def test_hybrid_prefers_groups_without_a_label(make_classes) -> None:
    data = make_classes(100, 5, noise=0.1)
    labelled = np.flatnonzero(data.y < 3)[:3]
    rows = choose("hybrid", batch_size=2, seed=0, embeddings=data.x, labelled=labelled, labels=data.y[labelled])
    assert sorted(data.y[rows]) == [3, 4]


def test_hybrid_spreads_its_uncertain_picks_over_groups(make_classes) -> None:
    """Two groups equally uncertain, one of them a little more: margin takes one group only, hybrid both."""
    data = make_classes(80, 2, noise=0.1)
    lead = np.where(data.y == 0, 0.0, 0.02)
    probabilities = np.stack([0.5 + lead / 2, 0.5 - lead / 2], axis=1)
    known = {"embeddings": data.x, "labelled": [0, 1, 2, 3], "labels": [0, 1, 0, 1], "probabilities": probabilities}
    assert set(data.y[choose("margin", batch_size=6, seed=0, **known)]) == {0}
    assert set(data.y[choose("hybrid", batch_size=6, seed=0, **known)]) == {0, 1}


def test_unknown_strategies_and_wrong_rows_are_named(make_classes) -> None:
    x = make_classes(4, 2).x
    with pytest.raises(InvalidInput, match="strategy is 'best', which does not exist; use one of random, margin"):
        choose("best", batch_size=1, seed=0, embeddings=x, labelled=[], labels=[])
    with pytest.raises(InvalidInput, match="labelled has the value 4"):
        choose("random", batch_size=1, seed=0, embeddings=x, labelled=[4], labels=[0])
    with pytest.raises(InvalidInput, match="do not sum to 1 in row 1"):
        utility("margin", np.array([[0.5, 0.5], [0.5, 0.6]]))
