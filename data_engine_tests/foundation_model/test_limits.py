from random import Random

import pytest

from data_engine.foundation_model.limits import RateLimits, backoff_s


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds


def _times(limits: RateLimits, clock: Clock, tokens: list[int]) -> list[float]:
    at = []
    for n in tokens:
        limits.wait(n)
        at.append(clock.now - 100.0)
    return at


def test_no_minute_holds_more_requests_than_allowed() -> None:
    clock = Clock()
    limits = RateLimits(requests_per_minute=2, clock=clock, sleep=clock.sleep)
    assert _times(limits, clock, [1] * 5) == [0, 0, 60, 60, 120]


def test_no_minute_holds_more_tokens_than_allowed_and_a_large_request_goes_alone() -> None:
    clock = Clock()
    limits = RateLimits(tokens_per_minute=100, clock=clock, sleep=clock.sleep)
    assert _times(limits, clock, [60, 40, 10, 500, 1]) == [0, 0, 60, 120, 180]


def test_without_limits_nothing_waits_but_what_the_server_asks_for() -> None:
    clock = Clock()
    limits = RateLimits(clock=clock, sleep=clock.sleep)
    assert _times(limits, clock, [10**9] * 3) == [0, 0, 0]
    limits.hold(7)
    limits.hold(3)
    assert _times(limits, clock, [1, 1]) == [7, 7]


@pytest.mark.parametrize(("attempt", "whole"), [(1, 1.0), (2, 2.0), (4, 8.0), (9, 10.0)])
def test_pauses_double_up_to_the_longest_and_lie_in_their_upper_half(attempt: int, whole: float) -> None:
    drawn = [backoff_s(attempt, Random(seed), first_s=1, longest_s=10) for seed in range(20)]
    assert all(whole / 2 <= pause <= whole for pause in drawn)
    assert len(set(drawn)) == 20
