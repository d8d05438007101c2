"""The warning that a balanced subset lies no more evenly than a random one would.

The figures are those of the quality report, see `report_metrics.py`.
"""

from collections.abc import Mapping

from data_engine.reporting import number_format
from data_engine.reporting.metrics.metric import Metric

#: A subset as near to uniform as this is even, whatever random ones are: it is worth e^-0.1 = 90 % of its groups.
EVEN_NATS = 0.1


def worse_than_random(known: Mapping[tuple[str, str], Metric]) -> str:
    """A sentence with both figures where the balanced subset is uneven, and more so than random ones; else empty.

    Args:
        known: metrics by (metric, scope); without the balance of both nothing is claimed.
    """
    balanced, random = known.get(("kl_to_uniform", "balanced")), known.get(("kl_to_uniform", "random"))
    if balanced is None or random is None or balanced.value <= max(random.value, EVEN_NATS):
        return ""
    over = next((f" over {m.value:,.0f} {scope}" for (name, scope), m in known.items() if name == "groups"), "")
    spread = f" ({number_format.interval(random)} for 90 % of random subsets)" if random.low is not None else ""
    return (
        f"balanced is worse than random here: KL to uniform {number_format.figure(balanced)} against "
        f"{number_format.figure(random)}{spread}{over}; look at subset.target_size, tree and the known labels"
    )
