"""Whether a figure falls over time: a slope that chance seldom gives, before any single value is bad.

Values that cross a limit are in `crossing.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

MOST_FALSE = 0.05
"""Of what is called a fall, the share that may be chance; where nothing falls, the probability that anything is."""

LEAST_POINTS = 5
"""Below so many points in time nothing is said of a slope."""


@dataclass(frozen=True)
class Trend:
    """How a figure moves.

    Attributes:
        slope: Change of the figure in 30 days; negative falls.
        low: Lower end of the 90 % interval of the slope.
        high: Upper end.
        p_value: That a figure without a trend falls so steadily, one-sided.
        n: Points in time.
    """

    slope: float
    low: float
    high: float
    p_value: float
    n: int


def trend_of(days: Sequence[float], values: Sequence[float]) -> Trend | None:
    """The trend of a figure over time; None below `LEAST_POINTS` points, or where all are of one time.

    The p-value is that of the test of Mann and Kendall against a fall, exact where no two values are the same; the
    slope is the median of the slopes of all pairs (Theil and Sen), which one odd point does not turn.

    Args:
        days: (n,) times in days.
        values: (n,) the figure at each time.

    Source: Mann 1945, Econometrica 13; Sen 1968, JASA 63.
    """
    from scipy.stats import kendalltau, theilslopes

    if len(values) < LEAST_POINTS or len(set(days)) < 2:
        return None
    x, y = np.asarray(days, np.float64), np.asarray(values, np.float64)
    slope, _, low, high = theilslopes(y, x, 0.9)
    p_value = 1.0 if np.ptp(y) == 0 else float(kendalltau(x, y, alternative="less").pvalue)
    return Trend(30 * float(slope), 30 * float(low), 30 * float(high), p_value, len(y))


def falls(p_values: Mapping[str, float]) -> set[str]:
    """The figures that are called a fall, of all whose p-values against one are given.

    Figures of the same answers fall together, so each next one is held against a higher limit (Benjamini and Hochberg):
    a fall that eight figures show is not missed because there are eight.

    Source: Benjamini and Hochberg 1995, JRSS B 57; Benjamini and Yekutieli 2001, Annals of Statistics 29.
    """
    order = sorted(p_values, key=lambda name: (p_values[name], name))
    n_falls = max((n for n, name in enumerate(order, 1) if p_values[name] <= MOST_FALSE * n / len(order)), default=0)
    return set(order[:n_falls])
