"""The report as phones and dark screens show it: headless Chromium measures the page."""

from pathlib import Path
from typing import Any

import browsing
import pyarrow as pa
import pytest

from data_engine.corpus import Corpus
from data_engine.reporting import FailedCheck, build_quality_report, render_report, report_plots

_LONG = "a-name-without-any-place-to-break-it-which-is-longer-than-a-phone-is-wide-" * 3


@pytest.fixture(scope="module")
def report(
    corpus: Corpus, tables: dict[str, pa.Table], seconds: dict[str, float], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A page with everything on it, and with long names."""
    failed = [FailedCheck("first_pass", _LONG, "kept_share_within_band", _LONG, is_blocking=True)]
    metrics, plots = build_quality_report(corpus, tables), report_plots(corpus, tables, seconds)
    versions = {"encoder": _LONG}
    page = render_report(corpus, tables, metrics, plots, seconds, versions, failed_checks=failed)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page, "utf-8")
    return path


def shown(page: Any, report: Path, scheme: str) -> Any:
    page.emulate_media(color_scheme=scheme)
    page.goto(report.as_uri())
    # Everything that is folded is unfolded.
    page.locator("details").evaluate_all("all => all.forEach(details => { details.open = true; })")
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_as_wide_as_a_phone_is_never_scrolled_sideways(report: Path, scheme: str) -> None:
    with browsing.opened_browser(width=390, height=844) as opened:
        page = shown(opened, report, scheme)
        assert page.evaluate("innerWidth") == 390
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        # What is wider scrolls within its own frame, and no word of a plot is smaller than can be read.
        assert page.locator(".plot").first.evaluate("box => box.getBoundingClientRect().right") <= 390
        sizes = page.locator(".plot svg text").evaluate_all(
            "all => all.map(text => text.getBoundingClientRect().height)"
        )
        assert min(sizes) >= 9


def test_plots_are_dark_on_a_dark_screen_and_every_word_of_them_stands_out(report: Path) -> None:
    with browsing.opened_browser(width=1000) as opened:
        found = {}
        for scheme in ("light", "dark"):
            page = shown(opened, report, scheme)
            grounds = page.locator("figure").evaluate_all(
                "all => all.map(one => getComputedStyle(one).backgroundColor)"
            )
            words = page.locator("figure text").evaluate_all("all => all.map(one => getComputedStyle(one).fill)")
            found[scheme] = (min(map(brightness, grounds)), max(map(brightness, grounds)))
            assert len(grounds) == 10
            ground = brightness(grounds[0])
            assert min(abs(brightness(word) - ground) for word in words) > 90
        assert found["light"][0] > 240
        assert found["dark"][1] < 50


def brightness(color: str) -> float:
    red, green, blue = (float(part) for part in color.removeprefix("rgb(").rstrip(")").split(",")[:3])
    return 0.3 * red + 0.59 * green + 0.11 * blue


def test_every_plot_says_what_it_shows_to_those_who_do_not_see_it(report: Path) -> None:
    with browsing.opened_browser() as opened:
        page = shown(opened, report, "light")
        texts = page.locator(".plot svg[role=img]").evaluate_all(
            "all => all.map(one => one.getAttribute('aria-label'))"
        )
        assert len(texts) == 10
        assert all(any(char.isdigit() for char in text) for text in texts)
        assert any("zlib · license: 16.7 % against 1.6 %" in text for text in texts)
