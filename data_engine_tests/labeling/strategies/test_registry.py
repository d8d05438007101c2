"""Every query strategy keeps the same promises."""

import numpy as np
import pytest

from data_engine.corpus import Labels
from data_engine.errors import InvalidInput
from data_engine.labeling import STRATEGIES, Strategy, choose, fit_classifier, utility
from data_engine.labeling.strategies.strategy import Pool
from data_engine.labeling.strategies.uncertainty import pick_top

THREE = np.array([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [0.9, 0.1, 0.0]])


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
    one_class = fit_classifier(data.x[:1], data.y[:1], seed=0, n_classes=1).predict_proba(data.x)
    rows = choose(name, batch_size=5, seed=0, embeddings=data.x, labelled=[], labels=[], probabilities=one_class)
    assert len(rows) == 5


@pytest.mark.parametrize("name", [name for name, each in STRATEGIES.items() if each.needs_probabilities])
def test_without_probabilities_a_classifier_is_trained_on_the_labels(name: str, make_classes) -> None:
    data = make_classes(120, 4)
    known = {"embeddings": data.x, "labelled": np.arange(0, 120, 10), "labels": data.y[::10]}
    trained = fit_classifier(data.x[::10], data.y[::10], seed=0, n_classes=4).predict_proba(data.x)
    given = choose(name, batch_size=20, seed=1, **known, probabilities=trained)
    rows = choose(name, batch_size=20, seed=1, **known)
    # Trained twice, the last digits of the probabilities differ, so near ties may change places.
    assert len(set(rows.tolist()) & set(given.tolist())) >= 18


def test_unknown_strategies_and_wrong_rows_are_named(make_classes) -> None:
    x = make_classes(4, 2).x
    with pytest.raises(InvalidInput, match="strategy is 'best', which does not exist; use one of random, margin"):
        choose("best", batch_size=1, seed=0, embeddings=x, labelled=[], labels=[])
    with pytest.raises(InvalidInput, match="labelled has the value 4"):
        choose("random", batch_size=1, seed=0, embeddings=x, labelled=[4], labels=[0])
    with pytest.raises(InvalidInput, match="do not sum to 1 in row 1"):
        utility("margin", np.array([[0.5, 0.5], [0.5, 0.6]]))
    with pytest.raises(InvalidInput, match="batch_size is -1; give how many samples to choose"):
        choose("random", batch_size=-1, seed=0, embeddings=x, labelled=[], labels=[])


N = 260


def _data(make_classes, n_classes: int) -> dict:
    """A pool, and class probabilities of which no two rows have the same utility."""
    probabilities = np.random.default_rng(1).dirichlet(np.full(n_classes, 0.5), size=N)
    return {"embeddings": make_classes(N, n_classes, dim=n_classes + 6).x, "probabilities": probabilities}


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("n_classes", [2, 200])
def test_every_strategy_takes_few_and_many_classes_with_and_without_labels(name, n_classes, make_classes) -> None:
    data = _data(make_classes, n_classes)
    labelled = np.arange(0, N, 13)
    for known in ({"labelled": [], "labels": []}, {"labelled": labelled, "labels": labelled % n_classes}):
        rows = choose(name, batch_size=40, seed=1, **data, **known)
        assert rows.shape == (40,)
        assert len(set(rows.tolist()) - set(known["labelled"])) == 40
        assert (rows == choose(name, batch_size=40, seed=1, **data, **known)).all()


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_starts_without_any_label(name, make_classes) -> None:
    x = _data(make_classes, 2)["embeddings"]
    names = ["a", "b"]
    rows = choose(name, batch_size=40, seed=1, embeddings=x, labelled=[], labels=[], class_names=names)
    assert len(set(rows.tolist())) == 40


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("n_classes", [2, 200])
def test_every_strategy_chooses_the_same_samples_in_any_order(name, n_classes, make_classes) -> None:
    data = _data(make_classes, n_classes)
    labelled = np.arange(0, N, 13)
    order = np.random.default_rng(3).permutation(N)
    place = np.argsort(order)
    straight = choose(name, batch_size=40, seed=1, **data, labelled=labelled, labels=labelled % n_classes)
    moved = {key: values[order] for key, values in data.items()}
    shuffled = choose(name, batch_size=40, seed=1, **moved, labelled=place[labelled], labels=labelled % n_classes)
    assert order[shuffled].tolist() == straight.tolist()


@pytest.mark.parametrize("name", STRATEGIES)
def test_of_a_pool_smaller_than_the_batch_all_are_chosen(name, make_classes) -> None:
    data, labelled = _data(make_classes, 2), np.arange(0, N, 2)
    rows = choose(name, batch_size=N, seed=0, **data, labelled=labelled, labels=labelled % 2)
    assert sorted(rows.tolist()) == list(range(1, N, 2))
    assert len(choose(name, batch_size=5, seed=0, **data, labelled=np.arange(N), labels=np.arange(N) % 2)) == 0


def _variance(pool: Pool) -> np.ndarray:
    return np.concatenate([draws.var(axis=0).sum(axis=1) for draws in pool.draws()])


def test_a_new_strategy_is_an_entry_and_may_compare_several_classifiers(make_classes, monkeypatch) -> None:
    strategy = Strategy("disagreement", "rows on which classifiers disagree first", _variance, pick_top)
    monkeypatch.setitem(STRATEGIES, strategy.name, strategy)
    x = make_classes(3, 2).x
    even, sure = np.full((3, 2), 0.5), np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    known = {"embeddings": x, "labelled": [2], "labels": [1], "probabilities": even}
    rows = choose("disagreement", batch_size=2, seed=0, **known, sampled_probabilities=np.stack([even, sure]))
    assert rows.tolist() == [0, 1]
    assert Labels(question="?", classes=("a", "b"), strategy="disagreement").strategy == "disagreement"
    with pytest.raises(InvalidInput, match="probabilities has 3 columns but 2 are needed"):
        wrong = np.full((1, 3, 3), 1 / 3)
        choose("disagreement", batch_size=2, seed=0, **known, sampled_probabilities=wrong)


def test_labels_stay_with_their_rows_however_they_are_given(make_classes, monkeypatch) -> None:
    seen = {}

    def look(pool: Pool) -> None:
        seen.update(zip(map(tuple, pool.rows()[pool.labelled].tolist()), pool.labels.tolist(), strict=True))

    strategy = Strategy("look", "nothing", look, lambda pool, _, n: pool.free[:n], needs_probabilities=False)
    monkeypatch.setitem(STRATEGIES, "look", strategy)
    x = make_classes(6, 2).x
    choose("look", batch_size=1, seed=0, embeddings=x, labelled=[5, 1, 3], labels=[2, 0, 1])
    assert seen == {tuple(x[row].tolist()): label for row, label in ((1, 0), (3, 1), (5, 2))}
