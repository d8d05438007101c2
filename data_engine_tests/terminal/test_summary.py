import io

import pyarrow as pa
import pytest
from rich.console import Console

from data_engine.corpus import Corpus, Labels
from data_engine.reporting import build_quality_report
from data_engine.reporting.metrics.metric import Metric
from data_engine.terminal.summary import _labels, bar, print_summary

PLACES = {"report": "data/[corpus]/" + "long/" * 30 + "report.html", "release": "data/releases/3f2c"}
STEPS = ["data-engine why 3f2c   why a [near-duplicate] was dropped", "make ui   every step"]


def printed(
    corpus: Corpus, metrics: pa.Table, seconds: dict[str, float], *, width: int = 160, colour: bool = False
) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=colour, color_system="truecolor" if colour else None)
    print_summary(console, corpus=corpus, metrics=metrics, seconds=seconds, places=PLACES, next_steps=STEPS)
    return stream.getvalue()


@pytest.fixture(scope="module")
def summary(corpus: Corpus, tables: dict[str, pa.Table], seconds: dict[str, float]) -> list[str]:
    text = printed(corpus, build_quality_report(corpus, tables), seconds)
    return [" ".join(line.split()) for line in text.splitlines()]


def test_it_tells_the_run_from_the_funnel_to_what_to_try_next(summary: list[str]) -> None:
    told = [
        "Licence notices in 40.3 s",
        "300 raw samples became 60 balanced ones; 53 of them have a label and are in scope.",
        "Funnel",
        f"kept {bar(0.9)} 270 lost: 20 junk, 10 too short",
        "Balance over 6 known labels",
        "Labels",
        "agree with known class 94.6 % 86.7 to 98.5 % n = 56",
        "Time",
        f"embeddings {'█' * 36} 27.7 s",
        "Where it is",
        "release data/releases/3f2c",
        "What to try next",
        "data-engine why 3f2c why a [near-duplicate] was dropped",
    ]
    places = [summary.index(line) for line in told]
    assert places == sorted(places)


def test_balance_is_a_bar_with_divergence_largest_group_and_coverage(summary: list[str]) -> None:
    assert f"all samples {'█' * 36} 0.59 58.2 % 100.0 %" in summary
    assert any(line.startswith("balanced subset") and line.endswith("0.06 20.0 % 100.0 %") for line in summary)


def test_simulated_answers_are_called_so_before_the_figures_about_labels(summary: list[str]) -> None:
    warning = next(i for i, line in enumerate(summary) if line.startswith("SIMULATED: No person answered;"))
    assert warning < next(i for i, line in enumerate(summary) if line.startswith("agree with known class"))


def test_it_fits_100_columns_and_is_plain_text_without_a_terminal(
    corpus: Corpus, tables: dict[str, pa.Table], seconds: dict[str, float]
) -> None:
    text = printed(corpus, build_quality_report(corpus, tables), seconds)
    assert max(map(len, text.splitlines())) <= 100
    assert "\x1b" not in text
    assert "".join(text.split()).count("data/[corpus]/" + "long/" * 30 + "report.html") == 1


@pytest.mark.parametrize("width", [60, 80])
def test_a_narrow_terminal_is_respected(
    corpus: Corpus, tables: dict[str, pa.Table], seconds: dict[str, float], width: int
) -> None:
    text = printed(corpus, build_quality_report(corpus, tables), seconds, width=width)
    assert max(map(len, text.splitlines())) <= width


def test_a_terminal_gets_colour(corpus: Corpus, tables: dict[str, pa.Table], seconds: dict[str, float]) -> None:
    assert "\x1b[" in printed(corpus, build_quality_report(corpus, tables), seconds, colour=True)


def test_parts_that_were_not_measured_are_left_out(corpus: Corpus) -> None:
    text = printed(corpus, build_quality_report(corpus, {}), {})
    assert "Nothing has been measured yet." in text
    for title in ("Funnel", "Balance", "Labels", "Time"):
        assert title not in text


@pytest.mark.parametrize(("share", "expected"), [(0, ""), (1e-9, "▏"), (0.5, "██"), (0.55, "██▎"), (1, "████")])
def test_bars_grow_by_eighths_and_something_is_never_nothing(share: float, expected: str) -> None:
    assert bar(share, width=4) == expected


def test_a_subset_that_is_less_even_than_random_ones_is_said_below_the_title(
    corpus: Corpus, tables: dict[str, pa.Table]
) -> None:
    metrics = build_quality_report(corpus, tables)
    kl = [row["value"] for row in metrics.to_pylist() if row["metric"] == "kl_to_uniform"]
    worse = [
        {**row, "value": max(kl) + 1} if (row["metric"], row["scope"]) == ("kl_to_uniform", "balanced") else row
        for row in metrics.to_pylist()
    ]
    said = printed(corpus, pa.Table.from_pylist(worse, schema=metrics.schema), {}).split("Funnel")[0]
    assert "balanced is worse than random here: KL to uniform" in " ".join(said.split())
    assert "worse than random" not in printed(corpus, metrics, {})


def test_what_the_hold_out_says_is_called_by_the_kind_of_answers() -> None:
    metric = Metric("classifier_accuracy", "all", 0.5, "share", "higher_is_better", "x", n=4)
    for kind, words in (("class", "classifier on hold-out"), ("objects", "hold-out images proposed right")):
        stream = io.StringIO()
        labels = Labels(question="?", classes=["coin", "ring"], kind=kind)
        Console(file=stream, width=100).print(_labels({("classifier_accuracy", "all"): metric}, labels, ""))
        assert words in stream.getvalue()
