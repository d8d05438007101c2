import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.labeling.strategies.strategy import Pool

FREE = np.array([0, 2])


def test_a_pool_gives_what_it_knows_of_the_free_rows() -> None:
    probabilities = np.array([[0.9, 0.1], [0.5, 0.5], [0.2, 0.8]])
    pool = Pool(FREE, 2, 7, np.eye(3), probabilities=probabilities, sampled_probabilities=np.stack([probabilities] * 4))
    assert pool.rows().tolist() == np.eye(3).tolist()
    assert pool.free_probabilities().tolist() == [[0.9, 0.1], [0.2, 0.8]]
    assert pool.free_draws().shape == (4, 2, 2)
    assert pool.free_draws()[3].tolist() == [[0.9, 0.1], [0.2, 0.8]]


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
    with pytest.raises(InvalidInput, match=r"sampled_probabilities are None, .*; give those of several classifiers"):
        pool.free_draws()
