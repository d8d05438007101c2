import re
from datetime import timedelta

from half_year import half_year

from data_engine.reporting.plots.trend_plots import label_trend_plot
from data_engine.reporting.trend_metrics import changed_at, trends_in


def test_the_plot_says_what_it_shows_and_that_nobody_was_a_person() -> None:
    rows = trends_in(half_year())
    plot = label_trend_plot(rows, changed_at(rows))
    assert plot.text.startswith("Labels over time. With answers of simulated annotators.")
    assert "automatic labels that blind answers confirm: " in plot.text
    assert "simulated annotators answered" in plot.svg()
    people = [{**row, "is_simulated": False} for row in rows]
    assert "simulated" not in label_trend_plot(people, []).text


def _ticks(svg: str) -> list[str]:
    return re.findall(r">([\d−.:\- ]+|[A-Z][a-z]{2})</text>", svg)


def test_no_figure_is_above_one_and_times_are_not_told_in_seconds() -> None:
    rows = trends_in(half_year())
    first = min(row["opened_at"] for row in rows)
    perfect = [{**row, "value": 1.0} for row in rows]
    axes = label_trend_plot(perfect, []).figure.axes[0]
    assert axes.get_ylim()[1] == 1
    assert not any(line.get_clip_on() for line in axes.lines)
    assert not [text for text in _ticks(label_trend_plot(rows, []).svg()) if ":" in text]
    for span, n_ticks in ((timedelta(seconds=9), 1), (timedelta(hours=9), 2)):
        order = sorted({row["opened_at"] for row in rows})
        of_span = [
            {**row, "opened_at": first + span * order.index(row["opened_at"]) / (len(order) - 1)} for row in rows
        ]
        times = [text for text in _ticks(label_trend_plot(of_span, []).svg()) if ":" in text]
        assert len(times) == n_ticks and times[0] == f"{first:%Y-%m-%d %H:%M}"
