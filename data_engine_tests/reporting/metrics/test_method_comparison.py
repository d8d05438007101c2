"""Methods side by side."""

import pyarrow as pa
import pytest

from data_engine.reporting.metrics.method_comparison import method_metrics, side_by_side
from data_engine.schemas import SUBSET_COMPARISON


def comparison() -> pa.Table:
    """Two draws by random, one by hierarchical, over four known labels."""
    rows = [
        {"method": method, "draw": draw, "kl": kl, "largest_share": 0.5, "n_covered": covered, "seconds": 0.1}
        for method, draw, kl, covered in (("hierarchical", 0, 0.2, 4), ("random", 0, 1.0, 2), ("random", 1, 2.0, 3))
    ]
    for row in rows:
        row |= {"counted_over": "known labels", "n_groups": 4, "n_samples": 9}
    return pa.Table.from_pylist(rows, schema=SUBSET_COMPARISON)


def test_a_row_is_the_mean_of_the_draws_with_their_range() -> None:
    ours, random = side_by_side(comparison()).to_pylist()
    assert (ours["method"], ours["n_draws"], ours["kl"]) == ("hierarchical", 1, 0.2)
    assert (random["method"], random["n_draws"], random["kl"], random["n_covered"]) == ("random", 2, 1.5, 2.5)
    assert (random["kl_low"], random["kl_high"]) == pytest.approx((1.05, 1.95))


def test_metrics_say_what_was_drawn_and_hold_no_seconds() -> None:
    found = {(m.metric, m.scope): m for m in method_metrics(comparison())}
    kl = found["kl_of_method", "random over known labels"]
    assert kl.value == 1.5
    assert kl.note == (
        "Kullback-Leibler divergence to uniform over the 4 known labels: the mean of 2 subsets by random."
    )
    assert found["coverage_of_method", "random over known labels"].value == 2.5 / 4
    assert not [name for name, _ in found if "seconds" in name]
