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
