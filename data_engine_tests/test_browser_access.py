"""Who can use the review page: what axe-core finds, sizes, focus and sounds, and that nothing jumps.

What people do on the page is tested in `test_browser_review.py`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsed_review import Browsers, ReviewServer, answering, browsers, kept, texts

from data_engine.review.people.tokens import Person

MANY = (*(f"Creative Commons Attribution Share-Alike International {n}" for n in range(1, 13)), "gpl-2.0")
LEAST_PX = 44


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browsers]:
    with browsers() as opened:
        yield opened


@pytest.fixture(scope="module")
def screens(chromium: Browsers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Links of a reviewer to a page of few classes, of many, and of images; each has open, done and disputed tasks."""
    servers = {}
    for name, options in (("few", {}), ("many", {"classes": MANY}), ("images", {"is_of_images": True})):
        server = servers[name] = ReviewServer(tmp_path_factory.mktemp(name), **options)
        server.open_batch(texts(6, arm="proposed", proposed="gpl-2.0"), answers_per_task=2)
        for person, label in (("ada", "gpl-2.0"), ("bob", "mit" if name != "many" else MANY[0])):
            server.answer_one(Person(person, "annotator", ""), label)
        server.start()
    yield {name: server.link("eve", "reviewer") for name, server in servers.items()}
    for server in servers.values():
        server.stop()


PLACES = {
    "": "main h1",
    "instructions/licences": ".classes",
    "answer/licences": ".task-sample p, .task-sample img",
    "grid/licences": ".choices button",
    "disputes/licences-round-001": ".sides",
    "people": "table",
}


def _go(page: Any, place: str) -> None:
    page.goto(f"{page.url.partition('#')[0]}#/{place}")
    page.wait_for_selector(PLACES[place])
    page.wait_for_timeout(250)


def _states(page: Any) -> Iterator[str]:
    """Every screen, and what opens on it."""
    for place in PLACES:
        _go(page, place)
        yield place
        if place.startswith("answer"):
            page.keyboard.press("s")
            yield "skipping"
            page.keyboard.press("Escape")
        if place.startswith("grid"):
            page.locator(".choices button").first.click()
            page.locator(".tile").first.click()
            yield "tiles"


@pytest.mark.parametrize(
    ("kind", "width", "scheme"),
    [
        ("few", 1280, "light"),
        ("few", 390, "dark"),
        ("many", 820, "dark"),
        ("many", 390, "light"),
        ("images", 1280, "dark"),
        ("images", 820, "light"),
    ],
)
def test_no_screen_breaks_a_rule_of_accessibility_runs_over_or_has_small_targets(
    screens: dict[str, str], chromium: Browsers, kind: str, width: int, scheme: str
) -> None:
    page = answering(chromium.open(screens[kind], width=width, color_scheme=scheme))
    found = {}
    for state in _states(page):
        broken = Axe().run(page).response["violations"]
        wide = page.evaluate("document.documentElement.scrollWidth") > width
        found[state] = ([(each["id"], each["nodes"][0]["target"]) for each in broken], wide, page.evaluate(_SMALL))
    assert found == dict.fromkeys(found, ([], False, []))


_SMALL = f"""() => [...document.querySelectorAll('button, a, input, select, summary, [role=button]')]
  .filter((each) => each.checkVisibility({{ visibilityProperty: true }}))
  .map((each) => [each.outerHTML.slice(0, 80), each.getBoundingClientRect()])
  .filter(([, box]) => box.height < {LEAST_PX - 0.5} || box.width < {LEAST_PX - 0.5})
  .map(([what, box]) => `${{what}}: ${{box.width}} x ${{box.height}}`)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_goes_through_the_controls_in_their_order_and_is_seen(
    screens: dict[str, str], chromium: Browsers, scheme: str
) -> None:
    page = answering(chromium.open(screens["few"], color_scheme=scheme))
    seen = []
    for _ in range(16):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(_FOCUSED))
    names = [name for name, _, _ in seen]
    expected = ["Sample", "mit", "apache-2.0", "gpl-2.0, proposed", "Comment", "Undo", "Skip"]
    start = names.index("Sample")
    assert names[start : start + 7] == expected
    assert [each for each in seen[: start + 9] if each[1] < 2 or each[2] < 3] == []


_FOCUSED = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const here = document.activeElement, style = getComputedStyle(here);
  const [a, b] = [light(style.outlineColor), light(getComputedStyle(document.body).backgroundColor)];
  const name = here.getAttribute('aria-label') || here.querySelector?.('span')?.textContent || here.textContent.trim();
  const width = style.outlineStyle === 'none' ? 0 : parseFloat(style.outlineWidth);
  return [name, width, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)];
}"""


def test_a_screen_reader_hears_what_was_answered_and_what_is_asked_next(tmp_path: Path, chromium: Browsers) -> None:
    server = ReviewServer(tmp_path)
    server.open_batch(texts(3))
    server.start()
    try:
        page = answering(chromium.open(server.link("ada")))
        page.keyboard.press("1")
        said = page.locator("#said")
        assert said.text_content() == "Answered mit. Next: text number 1"
        assert (said.get_attribute("aria-live"), said.get_attribute("role")) == ("polite", "status")
        assert page.evaluate("document.activeElement.id") == "screen"
        assert page.title() == "Answering · Review"
    finally:
        server.stop()


@pytest.mark.parametrize(("kind", "width"), [("few", 1280), ("many", 820), ("images", 390)])
def test_nothing_jumps_while_somebody_works(screens: dict[str, str], chromium: Browsers, kind: str, width: int) -> None:
    page = answering(chromium.open(screens[kind], width=width))
    page.wait_for_timeout(300)
    page.evaluate(
        """() => { window.jumps = []; new PerformanceObserver((list) => {
             for (const each of list.getEntries()) window.jumps.push([each.value, ...each.sources.map((one) =>
               [one.node?.className || one.node?.id, one.previousRect.y, one.currentRect.y])]);
           }).observe({ type: 'layout-shift' }); }"""
    )
    for key in ("p", "s", "Escape", "1", "u", "Escape", "c", "Escape", "s", "Escape"):
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    kept(page)
    assert page.evaluate("window.jumps") == []
