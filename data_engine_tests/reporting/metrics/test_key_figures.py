from data_engine.reporting.metrics.key_figures import key_figures
from data_engine.reporting.metrics.metric import Direction, Metric

UP: Direction = "higher_is_better"


def known(*metrics: Metric) -> dict[tuple[str, str], Metric]:
    return {(metric.metric, metric.scope): metric for metric in metrics}


def test_what_a_subset_teaches_is_warned_of_where_it_is_worse_or_no_surer_than_chance() -> None:
    rare = Metric("taught_rare_recall_gain", "balanced", 0.02, "share", UP, "")
    judged = Metric("taught_accuracy", "balanced", 0.9, "share", UP, "", n=600)

    def worth(value: float, low: float | None) -> tuple[str, ...]:
        gain = Metric("taught_accuracy_gain", "balanced", value, "share", UP, "", low, 0.1, 3)
        (figure,) = key_figures(known(gain, rare, judged), n_classes=77, promise=0.95)
        return figure.value, figure.over, figure.detail, figure.warning

    assert worth(0.089, 0.05) == (
        "+8.9 points",
        "over 77 known labels, n = 600 held-out samples",
        "of macro accuracy against random subsets (+5.0 to +10.0); rarest third +2.0",
        "",
    )
    assert worth(0.01, -0.02)[3] == "no surer than chance: the interval holds 0"
    assert worth(-0.01, None)[3] == "worse than a random subset"


def test_without_labels_the_distance_of_the_rest_is_told() -> None:
    gain = Metric("held_out_distance_gain", "balanced", 0.004, "score", "lower_is_better", "", n=3)
    judged = Metric("held_out_distance", "balanced", 0.2, "score", "lower_is_better", "", n=50)
    (figure,) = key_figures(known(gain, judged), n_classes=None, promise=0.95)
    assert (figure.value, figure.over) == ("+0.004", "over n = 50 held-out samples")
    assert figure.warning == "farther than from a random subset"


def test_balance_that_is_worse_than_chance_is_warned_of_with_its_groups() -> None:
    def imbalance(balanced: float) -> tuple[str, ...]:
        metrics = known(
            Metric("groups", "known labels", 10, "groups", "neutral", ""),
            Metric("kl_to_uniform", "random", 0.1, "nats", "lower_is_better", "", n=2000),
            Metric("kl_to_uniform", "balanced", balanced, "nats", "lower_is_better", "", n=2000),
        )
        (figure,) = key_figures(metrics, n_classes=None, promise=0.95)
        return figure.value, figure.over, figure.warning

    assert imbalance(0.05) == ("0.10 → 0.05", "over 10 known labels, n = 2,000", "")
    assert imbalance(0.2)[2] == "balanced is farther from even than random"


def test_a_hold_out_of_imported_labels_is_said_to_be_one() -> None:
    known = {("classifier_accuracy", "all"): Metric("classifier_accuracy", "all", 0.8, "share", UP, "", 0.7, 0.9, 50)}
    (by_people,) = key_figures(known, n_classes=None, promise=0.9)
    (imported,) = key_figures(known, n_classes=None, promise=0.9, given_in_hold_out=True)
    assert by_people.over == "over a hold-out of 50"
    assert imported.over == "over a hold-out of 50 that holds imported labels where nobody answered"


def test_labels_are_held_against_the_promise_and_the_classifier_against_its_own_probabilities() -> None:
    metrics = known(
        Metric("funnel", "labelled", 90, "samples", "neutral", ""),
        Metric("label_accuracy", "all", 0.8, "share", UP, "", 0.7, 0.9, 60),
        Metric("suspicious_share", "all", 0.2, "share", "lower_is_better", "", n=90),
        Metric("classifier_accuracy", "all", 0.8, "share", UP, "", 0.7, 0.9, 50),
        Metric("calibration_error", "all", 0.12, "share", "lower_is_better", ""),
        Metric("accepted_share", "all", 0.4, "share", "neutral", "", n=100),
    )
    found = {figure.title: figure for figure in key_figures(metrics, n_classes=None, promise=0.95)}
    assert found["Label accuracy"].over == "over the 60 of 90 labels whose class is known beforehand"
    assert {title: figure.warning for title, figure in found.items()} == {
        "Label accuracy": "below the 95.0 % that the gate promises",
        "Labels of low quality": "more than 5.0 %",
        "Classifier accuracy": "its probabilities are off by more than 10.0 %",
        "Accepted without a person": "no gate of the classifier is certified",
    }
    bound = Metric("gate_lower_bound", "all", 0.96, "share", UP, "", n=46)
    good = {figure.title: figure for figure in key_figures(metrics | known(bound), n_classes=None, promise=0.95)}
    assert good["Accepted without a person"].detail == "certified ≥ 96.0 % on 46 checked"
    assert good["Accepted without a person"].warning == ""
    assert key_figures({}, n_classes=None, promise=0.95) == []
