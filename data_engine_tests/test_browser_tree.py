"""The tree of the HTML report as a person explores it: headless Chromium unfolds, searches and sorts."""

import re
from collections.abc import Iterator
from typing import Any

import browsing
import pytest
from small_project import SmallProject


@pytest.fixture
def page(finished: SmallProject) -> Iterator[Any]:
    report = finished.load().runtime("notes").corpus_folder / "reports" / "report.html"
    with browsing.opened_browser(width=1000) as opened:
        opened.said = []
        opened.on("console", lambda message: opened.said.append(message.text))
        opened.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.goto(report.as_uri())
        yield opened
        assert opened.said == []


def test_a_cluster_is_unfolded_down_to_a_sample_and_a_term_is_found(page: Any) -> None:
    tree = page.locator("#tree")
    clusters = tree.locator(".tree-list > details")
    assert tree.locator(".tree-status").inner_text() == "8 clusters at the top"
    clusters.first.locator("summary").click()
    assert clusters.first.locator(":scope > .inside > .examples p").count() == 5
    part = clusters.first.locator(":scope > .inside details").first
    part.locator("summary").first.click()
    sample = part.locator(".examples p").first.inner_text()
    assert re.search(r"\w+ .*[0-9a-f]{8}$", sample)

    tree.locator("input").fill("flour")
    tree.get_by_text("clusters found").wait_for(timeout=5_000)
    found = int(tree.locator(".tree-status").inner_text().split()[0])
    assert 1 <= found < 88
    assert clusters.count() == min(found, 40)
    for number in range(clusters.count()):
        if not clusters.nth(number).locator("summary .name mark").count():
            clusters.nth(number).locator("summary").first.click()
        assert clusters.nth(number).locator("mark").first.inner_text() == "flour"

    tree.locator("input").fill("no such term")
    tree.get_by_text("No cluster has this term").wait_for(timeout=5_000)


def test_clusters_are_put_in_the_order_that_is_asked_for(page: Any) -> None:
    def counts() -> list[int]:
        return [int(text.split()[0]) for text in page.locator("#tree .tree-list > details .count").all_inner_texts()]

    largest_first = counts()
    assert largest_first == sorted(largest_first, reverse=True)
    page.locator("#tree select").select_option("small")
    assert counts() == largest_first[::-1]
    page.locator("#tree select").select_option("vague")
    shown = page.locator("#tree .tree-list > details > summary .clear").all_inner_texts()
    # Clusters of one sample have no silhouette, and come last.
    known = [float(text) for text in shown if text != "–"]
    assert shown == [*(f"{value:.2f}" for value in sorted(known)), *["–"] * (len(shown) - len(known))]
