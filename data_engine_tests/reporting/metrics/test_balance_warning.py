from data_engine.reporting.metrics.balance_warning import worse_than_random
from data_engine.reporting.metrics.metric import Metric


def _known(balanced: float, random: float) -> dict[tuple[str, str], Metric]:
    kl = "kl_to_uniform"
    found = [
        Metric("groups", "known labels", 6, "groups", "neutral", ""),
        Metric(kl, "balanced", balanced, "nats", "lower_is_better", ""),
        Metric(kl, "random", random, "nats", "lower_is_better", "", 0.2, 0.3),
    ]
    return {(metric.metric, metric.scope): metric for metric in found}


def test_a_balanced_subset_that_is_less_even_than_random_ones_is_a_warning_with_both_figures() -> None:
    said = worse_than_random(_known(0.31, 0.25))
    assert said.startswith("balanced is worse than random here: KL to uniform 0.31 against 0.25 (")
    assert "over 6 known labels" in said


def test_a_more_even_one_and_one_that_was_not_measured_are_none() -> None:
    assert worse_than_random(_known(0.25, 0.25)) == worse_than_random({}) == ""


def test_where_the_pool_is_even_already_an_even_subset_is_no_warning_though_random_ones_are_more_so() -> None:
    assert worse_than_random(_known(0.1, 0.01)) == ""
    assert worse_than_random(_known(0.11, 0.01))
