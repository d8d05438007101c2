import threading
from collections.abc import Iterator
from functools import partial

import pytest

from data_engine.compute.engines import LocalEngine
from data_engine.compute.spreading import over_threads, over_workers


def test_results_come_in_the_order_of_the_arguments() -> None:
    assert list(over_threads(partial(pow, 2), range(50))) == [2**n for n in range(50)]


def test_few_arguments_are_taken_before_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: 2)
    taken = []

    def arguments() -> Iterator[int]:
        for n in range(20):
            taken.append(n)
            yield n

    assert next(over_threads(str, arguments())) == "0"
    assert len(taken) == 4


def test_threads_share_the_work() -> None:
    both = threading.Barrier(2, timeout=5)
    assert len(list(over_threads(lambda _: both.wait(), range(2)))) == 2


def test_workers_give_what_threads_give() -> None:
    with over_workers(LocalEngine(3)) as spread:
        assert list(spread(str, range(7))) == list(over_threads(str, range(7)))
