"""Crossings of a threshold with hysteresis: one alarm for one crossing, however the value trembles around the limit.

Which values are watched is in `data_engine.runtime.alarms.watched`.
"""

import math
from dataclasses import dataclass
from typing import Literal

from data_engine.errors import InvalidInput


@dataclass(frozen=True)
class Threshold:
    """Where an alarm is raised, and where it settles: a value has to come back beyond the limit that it crossed.

    `raise_at` above `settle_at` watches for a value that rises, below it for one that falls.
    """

    raise_at: float
    settle_at: float

    def __post_init__(self) -> None:
        """Raises: InvalidInput where both are the same or no number, which leaves no room between them."""
        if self.raise_at == self.settle_at or not math.isfinite(self.raise_at + self.settle_at):
            raise InvalidInput(
                f"an alarm is raised at {self.raise_at} and settles at {self.settle_at}; give two different numbers"
            )

    @property
    def rises(self) -> bool:
        """Whether high values raise the alarm."""
        return self.raise_at > self.settle_at


def crossing(value: float, threshold: Threshold, *, is_on: bool) -> Literal["raised", "settled"] | None:
    """What a new value does to an alarm.

    Args:
        value: what was measured.
        threshold: its limits.
        is_on: whether the alarm is on.

    Returns: raised by a value beyond `raise_at` of an alarm that is off, settled by one at or beyond `settle_at` of an
        alarm that is on, None of all others: between the two limits nothing changes.
    """
    sign = 1 if threshold.rises else -1
    if not is_on and sign * value > sign * threshold.raise_at:
        return "raised"
    if is_on and sign * value <= sign * threshold.settle_at:
        return "settled"
    return None
