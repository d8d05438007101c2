from math import log

import pytest

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.sampling import balance, compare_balance, kl_to_uniform


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([5, 5, 5], 0.0),
        ([7], 0.0),
        ([4, 0], log(2)),
        ([0, 0, 0, 9], log(4)),
        ([3, 1], 0.75 * log(1.5) + 0.25 * log(0.5)),
    ],
)
def test_divergence_to_uniform_in_nats(counts: list[int], expected: float) -> None:
    assert kl_to_uniform(counts) == pytest.approx(expected, abs=1e-12)


def test_divergence_of_nothing_is_refused_and_not_zero() -> None:
    with pytest.raises(NotEnoughData, match="the 3 classes hold 0 samples; balance needs at least 1"):
        kl_to_uniform([0, 0, 0])


@pytest.mark.parametrize("counts", [[1, -1], [[1, 2]], [float("nan"), 1]])
def test_counts_that_are_none_are_refused(counts: list[float]) -> None:
    with pytest.raises(InvalidInput, match="give one number of at least 0 per class"):
        kl_to_uniform(counts)


def test_balance_counts_classes_that_no_label_names() -> None:
    found = balance(["a", "a", "a", "b"], ["a", "b", "c", "d"])
    assert (found.coverage, found.largest_share, found.top_10_share, found.n) == (0.5, 0.75, 1.0, 4)
    assert found.kl == pytest.approx(0.75 * log(3) + 0.25 * log(1))


def test_the_ten_largest_classes_of_twenty_equal_ones_hold_half() -> None:
    classes = [f"class {i}" for i in range(20)]
    assert balance(classes * 3, classes).top_10_share == 0.5


def test_a_label_outside_the_classes_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"1 labels are not among the classes \('c'\); give all classes"):
        balance(["a", "c"], ["a", "b"])


def test_comparison_gives_the_mean_of_the_draws_and_the_range_of_90_percent_of_them() -> None:
    found = compare_balance(["a", "a", "a", "b"], [["a", "b"], ["a", "a"]], ["a", "b"], ["a", "b"]).to_pylist()
    raw, random, chosen = found
    assert [row["subset"] for row in found] == ["raw", "random", "balanced"]
    assert [row["n"] for row in found] == [4, 2, 2]
    assert random["kl"] == pytest.approx(log(2) / 2)
    assert (random["largest_share_low"], random["largest_share_high"]) == pytest.approx((0.525, 0.975))
    assert (chosen["kl"], chosen["coverage"], chosen["largest_share"]) == (0.0, 1.0, 0.5)
    assert raw["kl_low"] is None
    assert chosen["kl_high"] is None


def test_a_label_outside_the_classes_is_refused_in_a_comparison_too() -> None:
    with pytest.raises(InvalidInput, match=r"1 labels are not among the classes \('c'\)"):
        compare_balance(["a"], [["a", "c"]], ["a"], ["a", "b"])


def test_comparison_needs_a_random_draw() -> None:
    with pytest.raises(NotEnoughData, match="random_labels holds 0 draws"):
        compare_balance(["a"], [], ["a"], ["a"])
