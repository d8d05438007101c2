"""Figures of the proof: means with intervals, differences in the same splits, one sentence."""

from dataclasses import replace

import pyarrow as pa
import pytest
from sound_tables import proof_rows

from data_engine.reporting.metrics.metric import Metric
from data_engine.reporting.metrics.subset_worth import (
    differences,
    mean_interval,
    means_by_method,
    table_of_methods,
    verdict,
    worth_metrics,
)
from data_engine.schemas import SUBSET_PROOF


def proof(**changed: object) -> pa.Table:
    return pa.Table.from_pylist([row | changed for row in proof_rows()], schema=SUBSET_PROOF)


def known(table: pa.Table) -> dict[tuple[str, str], Metric]:
    return {(metric.metric, metric.scope): metric for metric in worth_metrics(table, "balanced")}


def test_a_mean_has_the_interval_of_student() -> None:
    # Standard error 0.05, and 6.314 is the 95 % quantile of t with one degree of freedom.
    assert mean_interval([0.7, 0.8]) == (
        pytest.approx(0.75),
        pytest.approx(0.4343, abs=1e-4),
        pytest.approx(1.0657, abs=1e-4),
    )
    assert mean_interval([0.3]) == (0.3, None, None)


def test_differences_are_taken_within_the_same_split() -> None:
    assert differences(proof(), "balanced", "macro_accuracy") == pytest.approx([0.1, 0.1])
    assert differences(proof(), "balanced", "rare_recall") == [0.25, 0.0]
    assert differences(proof(), "flat_kmeans", "macro_accuracy") == []


def test_metrics_are_those_of_each_method_and_the_gain_of_the_corpus_own() -> None:
    found = known(proof())
    assert found["taught_accuracy", "balanced"].value == pytest.approx(0.75)
    assert found["taught_accuracy", "random"].value == pytest.approx(0.65)
    assert found["taught_accuracy_gain", "balanced"].value == pytest.approx(0.1)
    assert found["held_out_distance_gain", "balanced"].value == pytest.approx(-0.1)
    assert ("taught_accuracy_gain", "random") not in found
    assert found["class_coverage_by_evenness", "0.5"].value == 1
    assert all(metric.note for metric in found.values())


def test_the_curve_is_measured_apart_from_the_methods() -> None:
    even = [row | {"evenness": 1.0, "macro_accuracy": None} for row in proof_rows() if row["method"] == "balanced"][:1]
    found = known(pa.Table.from_pylist([*proof_rows(), *even], schema=SUBSET_PROOF))
    assert [scope for name, scope in found if name == "kl_by_evenness"] == ["0.5", "1"]
    assert found["taught_accuracy", "balanced"].value == pytest.approx(0.75)


def test_the_table_and_the_sentence_say_what_the_subset_is_worth() -> None:
    found = known(proof())
    assert [row.method for row in table_of_methods(found)] == ["balanced", "random"]
    assert verdict(found) == (
        "A classifier trained on samples chosen by balanced is 10.0 points better than one trained on as many random "
        "ones (macro accuracy on samples outside the pool; 90 % interval +10.0 to +10.0), and 12.5 points better at "
        "the rarest third of the labels."
    )
    worse = known(_swapped())
    assert "is 10.0 points WORSE than" in verdict(worse)
    unsure = {
        key: replace(m, low=-0.3, high=0.5) if key[0] == "taught_accuracy_gain" else m for key, m in found.items()
    }
    assert "90 % interval -30.0 to +50.0, which holds 0, so this may be chance)" in verdict(unsure)


def test_the_mean_of_every_method_is_of_the_draws_in_which_it_was_measured() -> None:
    assert means_by_method(proof(), "macro_accuracy") == {
        "balanced": pytest.approx(0.75),
        "random": pytest.approx(0.65),
    }
    assert means_by_method(proof(macro_accuracy=None), "macro_accuracy") == {}


def _swapped() -> pa.Table:
    names = {"balanced": "random", "random": "balanced"}
    return pa.Table.from_pylist([row | {"method": names[row["method"]]} for row in proof_rows()], schema=SUBSET_PROOF)


def test_without_labels_the_sentence_says_what_can_be_said() -> None:
    found = known(proof(macro_accuracy=None, rare_recall=None, class_coverage=None, kl=None, n_classes=None))
    assert verdict(found) == (
        "Samples outside the pool lie 0.100 nearer to the subset than to as many random samples (1 - cosine to the "
        "nearest); without known_label_column or labels.given, what a classifier would learn cannot be said."
    )
    assert verdict({}) == ""
    assert table_of_methods({}) == []
