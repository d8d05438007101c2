from pathlib import Path

import pytest
from object_project import scenes_corpus
from sound_tables import Broken, but, details, failed, metric_rows, outcome_of

from data_engine.corpus import Corpus
from data_engine.quality import CHECKS
from data_engine.quality.suites.quality_report import _wanted

BROKEN = [
    Broken(
        "has_the_core_metrics",
        "core metrics that are missing: 1 of 10, but a complete report has all of them; "
        "materialize the steps that they are measured on, then the report",
        ("classifier_accuracy all",),
        {"quality_report": metric_rows()[:-1]},
    ),
    Broken(
        "no_metric_is_missing_its_note",
        "metrics without a note: 1 of 10, but every figure says how it was computed; "
        "add the note where the metric is computed",
        ("funnel kept",),
        {"quality_report": but(metric_rows(), 1, note=" ")},
    ),
    Broken(
        "balance_beats_random",
        "KL to uniform: balanced subset 1.000 nats, random subsets 1.000, but the subset should be nearer to uniform "
        "than chance, or within 0.1 nats of it; ask for more samples, or choose by subset.method hierarchical, which "
        "evens out the clusters of the tree",
        rows={"quality_report": but(metric_rows(), 7, value=1.0)},
    ),
    Broken(
        "errors_rise_with_difficulty",
        "error on the hold-out: easy 40.0%, medium 40.0%, hard 10.0%, but the error should rise from easy to hard; "
        "look at the hold-out's answers of the easy ones, and at whether neighbours of a sample share its class",
        ("medium to hard",),
        {
            "quality_report": [
                *metric_rows(),
                *(
                    {"metric": "hold_out_error", "scope": name, "value": value, "high": value + 0.05, "note": "x"}
                    for name, value in (("easy", 0.4), ("medium", 0.4), ("hard", 0.1))
                ),
            ]
        },
    ),
    Broken(
        "no_figure_of_labels_falls",
        "figures of labels that fall: 1 of 2, but no slope may fall further than chance explains (Mann and Kendall, 5% "
        "for all together); look at the section Labels over time of the report, and say what the classes mean",
        ("alpha",),
        {
            "quality_report": [
                *metric_rows(),
                *(
                    {"metric": "label_trend_chance", "scope": name, "value": value, "note": "x"}
                    for name, value in (("alpha", 0.02), ("verified", 0.06))
                ),
            ]
        },
    ),
]


def test_every_check_has_a_case_that_breaks_it() -> None:
    assert {case.check for case in BROKEN} == {check.name for check in CHECKS["quality_report"]}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.check)
def test_a_broken_truth_fails_with_value_rule_remedy_and_ids(case: Broken) -> None:
    assert outcome_of("quality_report", case) == case.outcome


def test_an_unmeasured_balance_is_not_a_bad_balance() -> None:
    only_counts = {"quality_report": metric_rows()[:5]}
    assert failed("quality_report", only_counts) == {"has_the_core_metrics"}
    assert details("quality_report", only_counts)["balance_beats_random"] == "the balance has not been measured yet"


def test_where_objects_are_asked_for_no_quality_of_labels_is_missing() -> None:
    values = {("classifier_accuracy", "all"): 0.5}
    of_classes, of_objects = (
        Corpus.model_validate(
            scenes_corpus(Path("source"), labels={"question": "?", "classes": ["disc", "square"], **kind})
        )
        for kind in ({}, {"kind": "objects"})
    )
    assert ("label_quality", "all") in _wanted(values, of_classes)
    assert set(_wanted(values, of_classes)) - set(_wanted(values, of_objects)) == {("label_quality", "all")}
