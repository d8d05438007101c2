from collections import Counter

import pytest

from data_engine.labeling import PlannedTask
from data_engine.runtime.amendments.batch_size import fitted, query_size


def _planned(n_query: int, **others: int) -> tuple[PlannedTask, ...]:
    """A round: as many random tasks as queries, and others, mixed."""
    counts = {"query": n_query, "control": n_query, **others}
    tasks = [
        PlannedTask(f"{purpose}-{n}", purpose, "manual", None, None, 1)
        for purpose, count in counts.items()
        for n in range(count)
    ]
    return tuple(tasks[::2] + tasks[1::2])


@pytest.mark.parametrize(("n", "expected"), [(1, 1), (2, 1), (3, 2), (5, 2), (9, 4), (10, 4), (100, 40)])
def test_half_of_what_is_no_trap_or_audit_is_the_query(n: int, expected: int) -> None:
    assert query_size(n) == expected


def test_a_batch_of_ten_mixes_queries_random_ones_a_trap_and_an_audit_in_the_order_of_the_plan() -> None:
    planned = _planned(query_size(10), trap=1, audit=5, doubtful=1)
    chosen = fitted(planned, 10)
    assert Counter(task.purpose for task in chosen) == {"query": 4, "control": 4, "trap": 1, "audit": 1}
    assert list(chosen) == [task for task in planned if task in chosen]


@pytest.mark.parametrize("n", range(1, 30))
def test_there_are_never_more_than_asked_for_and_no_fewer_where_there_is_enough(n: int) -> None:
    assert len(fitted(_planned(query_size(n), trap=9, audit=9, doubtful=9), n)) == n
    assert len(fitted(_planned(query_size(n)), n)) >= n - n // 5


def test_the_hold_out_comes_on_top() -> None:
    assert Counter(task.purpose for task in fitted(_planned(4, hold_out=20), 10))["hold_out"] == 20
