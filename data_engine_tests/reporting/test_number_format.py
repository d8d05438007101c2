import subprocess
import sys

import pytest

from data_engine.reporting import number_format
from data_engine.reporting.metrics.metric import Metric, share_metric
from data_engine.reporting.simulation_notice import simulation


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0.0 %"), (0.0001, "< 0.1 %"), (0.1234, "12.3 %"), (0.99951, "> 99.9 %"), (1, "100.0 %")],
)
def test_only_everything_is_100_percent_and_only_nothing_is_0(value: float, words: str) -> None:
    assert number_format.share(value) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.04, "0.0 s"), (119.9, "119.9 s"), (125.6, "2 min 06 s")])
def test_durations(seconds: float, words: str) -> None:
    assert number_format.duration(seconds) == words


def test_snippets_are_one_line_and_cut_with_an_ellipsis() -> None:
    assert number_format.snippet(" a\n b\t c ") == "a b c"
    assert number_format.snippet("abcdef", most=4) == "abc…"
    assert number_format.snippet(None) == ""


def test_a_share_comes_with_its_exact_interval() -> None:
    metric = share_metric("accuracy", "all", [True] * 45, "How.")
    # Clopper-Pearson, 5 % on either side: the lower end solves p**45 = 0.05.
    assert metric.low == pytest.approx(0.05 ** (1 / 45))
    assert (metric.value, metric.high, metric.n) == (1.0, 1.0, 45)
    assert number_format.with_interval(metric) == "100.0 % (90 % interval 93.6 to 100.0 %, n = 45)"


def test_a_metric_without_an_interval_claims_none() -> None:
    assert number_format.with_interval(Metric("funnel", "raw", 16551, "samples", "neutral", "Counted.")) == "16,551"


def _share(metric: str, scope: str, value: float, n: int) -> dict[tuple[str, str], Metric]:
    return {(metric, scope): Metric(metric, scope, value, "share", "neutral", "Counted.", n=n)}


def test_nothing_is_said_of_simulation_where_people_answered() -> None:
    assert simulation({}) == ""
    assert simulation(_share("simulated_answer_share", "all", 0.0, 9) | _share("provenance_share", "human", 1, 9)) == ""


def test_a_mixture_of_people_and_simulation_is_told_apart() -> None:
    said = simulation(_share("simulated_answer_share", "all", 0.25, 8))
    assert said.startswith("People gave 6 answers; 2 of 8 answers come from simulated annotators, ")
    ruled = _share("simulated_answer_share", "all", 1.0, 8) | _share("provenance_share", "rule_auto", 0.5, 8)
    assert simulation(ruled).endswith("50.0 % were decided by label rules, which were certified on such answers.")


def test_numbers_are_written_out() -> None:
    assert [number_format.number(value) for value in (18_350.0, 999.96, 0.40001, 1, -12_345.6)] == [
        "18,350", "1000", "0.4", "1", "-12,346",
    ]  # fmt: skip


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ("matplotlib", "rich", "jinja2", "scipy", "sklearn", "pandas", "torch")
    code = f"import sys, data_engine.reporting; print([m for m in {heavy!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
