import pyarrow as pa
from half_year import CHANGED_IN_WEEK, START, WEEKS, half_year

from data_engine.reporting.trend_metrics import CHANCE, SLOPE, changed_at, trend_metrics, trends_in


def test_a_fall_since_the_classes_changed_is_seen_and_a_level_half_year_is_not() -> None:
    found = {(m.metric, m.scope): m for m in trend_metrics(half_year())}
    for name in ("alpha", "self_agreement", "verified"):
        assert found[SLOPE, name].high is not None and found[SLOPE, name].high < 0
        assert found[CHANCE, name].value < 0.01
        assert found[SLOPE, name].n == WEEKS - CHANGED_IN_WEEK
    level = [m.value for m in trend_metrics(half_year(falls=False)) if m.metric == CHANCE]
    assert len(level) >= 3
    assert min(level) > 0.05 / len(level)


def test_a_change_of_the_classes_has_its_time_and_other_batches_are_left_out() -> None:
    tables = half_year()
    assert [(at - START).days for at in changed_at(trends_in(tables))] == [7 * CHANGED_IN_WEEK]
    assert trends_in({**tables, "reviewed_labels": tables["reviewed_labels"].slice(0, 0)}) == []
    assert trends_in({"label_trends": tables["label_trends"]}) == []


def test_a_figure_of_fewer_than_five_samples_is_no_point_of_a_trend() -> None:
    tables = half_year()
    trends = tables["label_trends"]
    few = trends.set_column(trends.column_names.index("n"), "n", pa.array([4] * len(trends), pa.int64()))
    assert trends_in({**tables, "label_trends": few}) == []
