"""Packs of texts: about equal work for every thread, and torch as it was afterwards."""

import pytest
import torch

from data_engine.embedding.bert.batching import one_thread_per_core, packs_of


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([5] * 8, [[0, 1], [2, 3], [4, 5], [6, 7]]),
        ([1] * 4, [[0, 1], [2, 3]]),
        ([2, 1, 30, 3, 2, 2], [[2], [3, 0, 4, 5, 1]]),
        ([7], [[0]]),
    ],
)
def test_every_thread_gets_as_many_packs_of_about_equal_length_the_longest_texts_first(
    lengths: list[int], expected: list[list[int]]
) -> None:
    assert list(packs_of(lengths, budget=10, n_threads=2)) == expected


def test_each_thread_multiplies_alone_and_torch_has_its_threads_back_afterwards() -> None:
    before = torch.get_num_threads()
    with one_thread_per_core() as (threads, n_threads):
        assert n_threads == before
        assert list(threads.map(lambda _: torch.get_num_threads(), range(3))) == [1] * 3
    assert torch.get_num_threads() == before
