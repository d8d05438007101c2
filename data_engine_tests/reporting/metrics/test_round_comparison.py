import pyarrow as pa
import pytest

from data_engine.reporting.metrics.metric import Metric
from data_engine.reporting.metrics.round_comparison import (
    boost_sentence,
    compare_classes,
    figures_of,
    own_rounds,
    round_metrics,
)


def test_what_dropped_below_its_interval_of_the_round_before_is_named_first(tables: dict[str, pa.Table]) -> None:
    found = compare_classes(tables)
    assert [(each.name, each.dropped) for each in found] == [("mit", ("recall",)), ("gpl", ()), ("apache", ())]
    mit = found[0]
    assert mit.recall is not None
    assert mit.recall_before is not None
    assert (mit.recall.value, mit.recall.low, mit.recall_before.value) == (0.4, pytest.approx(0.3), 0.8)
    assert mit.recall_of_query is not None
    assert mit.recall_of_control is not None
    assert mit.recall_of_query.value - mit.recall_of_control.value == pytest.approx(0.05)


def test_a_version_of_another_kind_is_no_round_before(tables: dict[str, pa.Table]) -> None:
    kinds = pa.array(["softmax", "softmax", "mlp"])
    versions = tables["classifier"]
    place = versions.column_names.index("model")
    other = {**tables, "classifier": versions.set_column(place, "model", kinds)}
    assert [each.dropped for each in compare_classes(other)] == [(), (), ()]


def test_versions_of_other_corpora_are_no_rounds(tables: dict[str, pa.Table]) -> None:
    versions = tables["classifier"]
    place = versions.column_names.index("borrowed_from")
    foreign = versions.set_column(place, "borrowed_from", pa.array(["letters/v", None, None]))
    assert [row["n_rounds"] for row in own_rounds({"classifier": foreign})] == [2, 3]
    assert own_rounds({}) == []
    assert compare_classes({"classifier": foreign}) == []


def test_a_version_made_again_in_its_round_is_shown_once_and_is_no_round_before(tables: dict[str, pa.Table]) -> None:
    first, second, third = tables["classifier"].to_pylist()
    for in_service, shown in ((third, ["softmax-1", "softmax-3"]), (second, ["softmax-1", "softmax-2", "softmax-3"])):
        rows = [{**row, "is_in_service": row is in_service} for row in (first, second, third)]
        rows[1]["n_rounds"] = 3
        made = {**tables, "classifier": pa.Table.from_pylist(rows, schema=tables["classifier"].schema)}
        assert [row["classifier_version"] for row in own_rounds(made)] == shown
        assert [each.recall_before for each in compare_classes(made)] == [None] * 3


def test_the_boost_and_every_class_are_metrics(tables: dict[str, pa.Table]) -> None:
    found = {(metric.metric, metric.scope): metric for metric in round_metrics(tables)}
    boost = found["efficiency_boost", "all"]
    assert (boost.value, boost.low, boost.high, boost.unit) == (1.5, 1.2, 2.1, "times")
    assert found["class_recall", "mit"].value == 0.4
    assert ("class_precision", "gpl") in found
    assert len(figures_of(tables, "softmax-3")) == len(figures_of(tables, "softmax-2"))


def _boost(value: float, low: float, high: float) -> Metric:
    return Metric("efficiency_boost", "all", value, "times", "higher_is_better", "", low, high, 50)


def test_a_boost_that_chance_explains_is_said_to_be_none() -> None:
    assert boost_sentence(None).startswith("No boost can be told yet")
    said = boost_sentence(_boost(1.5, 1.2, 2.1))
    assert said.startswith("Random samples needed 1.50 times (90 % interval 1.20 to 2.10, n = 50)")
    assert boost_sentence(_boost(1.2, 0.8, 1.9)).startswith("No boost was seen")
    assert boost_sentence(_boost(0.7, 0.5, 0.9)).startswith("Asking did not pay")
