from datetime import timedelta
from itertools import pairwise

import pytest
from half_year import START, half_year

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


@pytest.mark.parametrize("weeks", [26, 0])
def test_no_tick_is_above_the_best_and_none_is_finer_than_a_day(weeks: int) -> None:
    rows = trends_in(half_year())
    if not weeks:
        first = rows[0]["review_batch"]
        rows = [
            {**row, "opened_at": START + timedelta(seconds=n)}
            for n, row in enumerate(rows)
            if row["review_batch"] == first
        ]
    (axes,) = label_trend_plot(rows, []).figure.axes
    assert axes.get_ylim()[1] == 1
    assert max(tick for tick in axes.get_yticks() if tick <= axes.get_ylim()[1]) <= 1
    ticks = axes.get_xticks()
    assert 2 <= len(ticks) <= 8
    assert min(b - a for a, b in pairwise(ticks)) >= 1
