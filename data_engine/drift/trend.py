"""Whether a figure falls over time: a slope that chance seldom gives, before any single value is bad.

Values that cross a limit are in `crossing.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

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
