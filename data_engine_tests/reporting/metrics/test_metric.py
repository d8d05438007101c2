import pyarrow as pa
import pytest

from data_engine.labeling import binomial_interval
from data_engine.reporting.metrics.metric import Metric, by_name, share_metric
from data_engine.schemas import QUALITY_REPORT


def test_a_share_has_its_interval_and_the_number_of_outcomes() -> None:
    metric = share_metric("label_accuracy", "all", [True, True, False, True], "Counted.")
    assert (metric.value, metric.n, metric.unit, metric.direction) == (0.75, 4, "share", "higher_is_better")
    assert (metric.low, metric.high) == pytest.approx(binomial_interval(3, 4, confidence=0.9))


def test_metrics_of_a_report_are_found_by_name_and_scope_in_its_order() -> None:
    metrics = [Metric("b", "all", 1.0, "x", "neutral", "note"), Metric("a", "x", 2.0, "x", "neutral", "n", 1.0, 3.0, 7)]
    table = pa.Table.from_pylist([vars(metric) for metric in metrics], schema=QUALITY_REPORT)
    assert list(by_name(table).items()) == [(("b", "all"), metrics[0]), (("a", "x"), metrics[1])]
