import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling import fit_classifier
from data_engine.labeling.strategies.strategy import N_DRAWS, Pool

FREE = np.array([0, 2])


def test_a_pool_gives_what_it_knows_of_the_free_rows() -> None:
    probabilities = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]])
    pool = Pool(FREE, 2, 7, np.eye(3), probabilities=probabilities, sampled_probabilities=np.stack([probabilities] * 4))
    assert pool.rows().tolist() == np.eye(3).tolist()
    assert pool.free_probabilities().tolist() == [[0.9, 0.1], [0.2, 0.8]]
    (draws,) = pool.draws()
    assert draws.shape == (4, 2, 2)
    assert draws[3].tolist() == [[0.9, 0.1], [0.2, 0.8]]


def test_random_numbers_begin_anew_for_everyone_who_asks() -> None:
    pool = Pool(FREE, 2, 7)
    assert pool.generator().random() == pool.generator().random()
    assert pool.generator().random() != Pool(FREE, 2, 8).generator().random()


def test_what_a_pool_does_not_have_is_asked_for_with_the_remedy() -> None:
    pool = Pool(FREE, 2, 7)
    with pytest.raises(InvalidInput, match=r"embeddings are None, .*; give the \(n, dim\) unit rows"):
        pool.rows()
    with pytest.raises(InvalidInput, match=r"class probabilities are None, .*; train a classifier first"):
        pool.free_probabilities()
    with pytest.raises(InvalidInput, match=r"class probabilities are None, .*; train a classifier first"):
        next(pool.draws())


def test_draws_are_of_the_layer_with_columns_left_out(make_classes) -> None:
    data = make_classes(60, 3)
    labelled = np.arange(0, 60, 4)
    free = np.setdiff1d(np.arange(60), labelled)
    trained = fit_classifier(data.x[labelled], data.y[labelled], seed=0, n_classes=3)
    pool = Pool(free, 3, 7, data.x, layer=(trained.weights, trained.biases))
    (draws,) = pool.draws()
    assert draws.shape == (N_DRAWS, 45, 3)
    assert np.allclose(draws.sum(axis=2), 1)
    assert len({draw.tobytes() for draw in draws}) == N_DRAWS
    assert np.abs(draws.mean(axis=0) - trained.predict_proba(data.x[free])).mean() < 0.1
    (again,) = pool.draws()
    assert (again == draws).all()


def test_many_draws_come_in_blocks_of_the_same_values(make_classes, monkeypatch) -> None:
    data = make_classes(60, 3)
    trained = fit_classifier(data.x[::4], data.y[::4], seed=0, n_classes=3)
    pool = Pool(np.arange(60), 3, 7, data.x, layer=(trained.weights, trained.biases))
    (whole,) = pool.draws()
    monkeypatch.setattr("data_engine.labeling.strategies.strategy._VALUES_PER_BLOCK", 7 * N_DRAWS * 3)
    blocks = list(pool.draws())
    assert [block.shape[1] for block in blocks] == [7] * 8 + [4]
    assert np.allclose(np.concatenate(blocks, axis=1), whole, atol=1e-6)


def test_before_there_is_a_label_the_probabilities_are_the_only_draw() -> None:
    probabilities = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]])
    (draws,) = Pool(FREE, 2, 7, np.eye(3), probabilities=probabilities).draws()
    assert draws.tolist() == [[[0.9, 0.1], [0.2, 0.8]]]
