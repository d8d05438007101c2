"""Limits of requests and tokens per minute, and pauses that a server asks for, shared by all threads that ask.

What a request may cost is limited in `call_book.py`.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from random import Random

_WINDOW_S = 60.0


class RateLimits:
    """Lets requests through so that no 60 seconds hold more of them, or of their tokens, than allowed.

    Args:
        requests_per_minute: most requests; None for no limit.
        tokens_per_minute: most tokens; None for no limit. A single request of more tokens goes alone.
        clock: gives seconds that only grow.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._most_requests, self._most_tokens = requests_per_minute, tokens_per_minute
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._passed: deque[tuple[float, int]] = deque()
        self._not_before = float("-inf")

    def wait(self, n_tokens: int) -> None:
        """Return when a request of about so many tokens may go; it counts from then on."""
        while True:
            with self._lock:
                now = self._clock()
                pause = self._pause(now, n_tokens)
                if pause <= 0:
                    self._passed.append((now, n_tokens))
                    return
            self._sleep(pause)

    def hold(self, seconds: float) -> None:
        """No request goes before so many seconds from now."""
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + seconds)

    def _pause(self, now: float, n_tokens: int) -> float:
        while self._passed and self._passed[0][0] <= now - _WINDOW_S:
            self._passed.popleft()
        pause = self._not_before - now
        if self._most_requests is not None and len(self._passed) >= self._most_requests:
            pause = max(pause, self._free_at(len(self._passed) - self._most_requests) - now)
        if self._most_tokens is not None and self._passed:
            total, number = sum(n for _, n in self._passed) + n_tokens, 0
            while number < len(self._passed) and total > self._most_tokens:
                total -= self._passed[number][1]
                number += 1
            if number:
                pause = max(pause, self._free_at(number - 1) - now)
        return pause

    def _free_at(self, number: int) -> float:
        """When the request of this number has left the window."""
        return self._passed[number][0] + _WINDOW_S


def backoff_s(attempt: int, random: Random, *, first_s: float, longest_s: float) -> float:
    """Seconds before the next try: doubled each time, at most `longest_s`, and drawn from the upper half of that.

    Args:
        attempt: tries so far, from 1.
        random: draws, so that many who failed at once do not come back at once.
        first_s: after the first try.
        longest_s: the most.
    """
    whole = min(longest_s, first_s * 2.0 ** (attempt - 1))
    return whole * (0.5 + random.random() / 2)
