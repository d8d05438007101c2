import io
import re
import sys
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from schema_tables import table

from data_engine import reporting
from data_engine.corpus import Corpus
from data_engine.labeling import reliability
from data_engine.reporting import Plot, report_plots
from data_engine.reporting.plots.metric_plots import evenness_plot, learning_curves_plot, nothing, rounds_plot
from data_engine.schemas import SCHEMAS


def proof_curve(*dial: float | None) -> pa.Table:
    """One draw at several values of evenness; None where the pool decides."""
    rows = [
        {"evenness": value, "class_coverage": 0.9, "kl": 0.8 - 0.1 * (value or 0), "distance": 0.15} for value in dial
    ]
    return table("subset_proof", rows)


LONG_TAIL = (4000 / np.arange(1, 757)).astype(int)
PROBABILITIES = np.stack([np.linspace(0.5, 0.99, 200), np.linspace(0.5, 0.01, 200)], axis=1).astype(np.float32)
CASES: dict[str, tuple[Callable[[], Plot], Callable[[], Plot]]] = {
    "funnel": (
        lambda: reporting.funnel_plot({"raw": 16551, "kept": 15000, "$x_1$": 12000}),
        lambda: reporting.funnel_plot({}),
    ),
    "cluster_sizes": (
        lambda: reporting.cluster_sizes_plot([np.arange(2000), np.arange(1, 600), [16551]]),
        lambda: reporting.cluster_sizes_plot([[], [0]]),
    ),
    "balance": (
        lambda: reporting.balance_plot({"raw": LONG_TAIL, "random": LONG_TAIL // 4, "balanced": LONG_TAIL.clip(0, 9)}),
        lambda: reporting.balance_plot({"raw": [0, 0]}),
    ),
    "balance of few classes": (
        lambda: reporting.balance_plot({"all kept samples": [9, 3, 1], "balanced subset": [2, 2, 1]}),
        lambda: reporting.balance_plot({}),
    ),
    "evenness": (
        lambda: evenness_plot(proof_curve(0.0, 0.5, 1.0, None), None),
        lambda: nothing("no subset yet"),
    ),
    "evenness of a corpus that gives it": (
        lambda: evenness_plot(proof_curve(0.0, 0.5, 1.0), 0.5),
        lambda: nothing("no subset yet"),
    ),
    "uncertainty": (
        lambda: reporting.uncertainty_plot(np.linspace(0, 1, 5000) ** 3, 0.93),
        lambda: reporting.uncertainty_plot([]),
    ),
    "uncertainty without a gate": (
        lambda: reporting.uncertainty_plot([0.1, 0.2], None),
        lambda: reporting.uncertainty_plot([], 0.9),
    ),
    "reliability": (
        lambda: reporting.reliability_plot(reliability(PROBABILITIES, np.arange(200) % 5 // 4)),
        lambda: reporting.reliability_plot(reliability(PROBABILITIES, np.zeros(200, int)).slice(0, 0)),
    ),
    "drift": (
        lambda: reporting.drift_plot(
            pa.table(
                {
                    "batch": ["2026-01"] * 40,
                    "cluster": range(40),
                    "expected_share": [1 / 40] * 40,
                    "observed_share": np.arange(40) / 780,
                    "contribution": np.arange(40.0),
                }
            )
        ),
        lambda: reporting.drift_plot(SCHEMAS["drift_report"].empty_table()),
    ),
    "seconds": (
        lambda: reporting.seconds_plot({"embeddings": 27.7, "cluster_tree": 0.04}),
        lambda: reporting.seconds_plot({}),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_plot_is_a_small_image_on_white(name: str) -> None:
    png = CASES[name][0]().png()
    assert len(png) <= 100_000
    with Image.open(io.BytesIO(png)) as image:
        assert image.format == "PNG"
        pixels = np.asarray(image.convert("L"))
    assert pixels[0, 0] == 255
    assert pixels.min() < 128


@pytest.mark.parametrize("name", CASES)
def test_nothing_to_show_is_said_in_words_and_warns_of_nothing(name: str) -> None:
    plot = CASES[name][1]()
    assert plot.png().startswith(b"\x89PNG")
    assert len(plot.png()) < 10_000
    assert plot.text in plot.svg()
    assert plot.text


def test_the_same_figures_give_the_same_image() -> None:
    assert CASES["balance"][0]().png() == CASES["balance"][0]().png()


@pytest.mark.parametrize("name", CASES)
def test_every_plot_is_also_a_small_element_in_the_colours_of_its_page(name: str) -> None:
    written = CASES[name][0]().svg()
    assert len(written) <= 60_000
    assert set(re.findall(r"#[0-9a-f]{6}", written)) == set()
    assert "var(--quiet)" in written
    # No other file, and no font, is asked for.
    assert not re.search(r"https?:|url\((?!#)|font-family|<image", written)
    assert CASES[name][0]().svg() == written


#: What the text of a plot says, in full.
TEXTS = {
    "funnel": "Samples. raw 16,551; kept 15,000; $x 1$ 12,000.",
    "balance of few classes": "Shares of 3 classes or clusters. all kept samples: KL 0.31 nats, largest group 69.2 %, "
    "3 groups with samples; balanced subset: KL 0.04 nats, largest group 40.0 %, 3 groups with samples.",
    "uncertainty without a gate": "Uncertainty of 2 proposals: half are below 0.15.",
    "seconds": "Wall seconds. embeddings 27.7 s; cluster tree 0.0 s.",
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_text_of_a_plot_has_its_figures(name: str) -> None:
    plot = CASES[name][0]()
    assert plot.text == TEXTS[name]
    assert f'role="img" aria-label="{plot.text}"' in plot.svg()


def test_clusters_that_moved_go_by_their_names() -> None:
    rows = {"batch": ["may"] * 2, "cluster": [0, 1], "expected_share": [0.25, 0.5], "observed_share": [0.5, 0.25]}
    plot = reporting.drift_plot(pa.table({**rows, "contribution": [2.0, 1.0]}), {0: "flour · oven"})
    assert plot.text == (
        "Batch may against all others, by cluster. flour · oven: 50.0 % against 25.0 %; "
        "cluster 1: 25.0 % against 50.0 %."
    )
    assert ">flour · oven</text>" in plot.svg()


def test_no_global_figure_is_left_behind() -> None:
    CASES["funnel"][0]()
    assert "matplotlib.pyplot" not in sys.modules or not sys.modules["matplotlib.pyplot"].get_fignums()


def test_rounds_are_drawn_also_when_no_control_was_measured(tables: Mapping[str, pa.Table]) -> None:
    classifiers = tables["classifier"]
    column = classifiers.schema.get_field_index("control_accuracy")
    nothing = classifiers.set_column(column, "control_accuracy", pa.nulls(3, pa.float64()))
    assert rounds_plot(nothing).png() != rounds_plot(classifiers).png()
    assert (
        "random control batches alone: 67.0 % after 1, 70.0 % after 2, 73.0 % after 3" in rounds_plot(classifiers).text
    )
    again = pa.concat_tables([classifiers, classifiers.slice(2)])
    assert rounds_plot(again).text == rounds_plot(classifiers).text


def test_the_report_gets_all_images_that_its_tables_allow(
    corpus: Corpus, tables: dict[str, pa.Table], seconds: dict[str, float]
) -> None:
    everything = report_plots(corpus, tables, seconds)
    assert set(everything) == {
        "funnel",
        "balance",
        "cluster_sizes",
        "lorenz",
        "silhouettes",
        "uncertainty",
        "reliability",
        "learning_curves",
        "rounds",
        "drift",
        "seconds",
    }
    assert all(len(plot.png()) <= 100_000 for plot in everything.values())
    early = {name: tables[name] for name in ("raw_index", "first_pass")}
    assert set(report_plots(corpus, early, {})) == {"funnel"}
    assert report_plots(corpus, {}, {}) == {}


def test_learning_curves_say_every_point_of_both_arms() -> None:
    points = {"query": [(40, 0.75, 0.7, 0.8), (20, 0.5, 0.4, 0.6)], "control": [(20, 0.4, 0.3, 0.5)]}
    plot = learning_curves_plot(points)
    assert plot.text == (
        "Accuracy on the hold-out by number of labels. query batches: 50.0 % after 20, 75.0 % after 40; "
        "random control batches: 40.0 % after 20."
    )
