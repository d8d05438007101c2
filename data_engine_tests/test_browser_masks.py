"""The editor of masks as people use it: headless Chromium, by mouse, by keyboard, by touch."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsed_review import Browsers, ReviewServer, answering, browsers, kept, until
from objects_on_page import ends, images, outlined, square

CLASSES = ("coin", "button")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browsers]:
    with browsers() as opened:
        yield opened


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReviewServer]:
    """A page over images; each test opens a batch of its own, and answers all of it."""
    made = ReviewServer(tmp_path_factory.mktemp("masks"), kind="objects", classes=CLASSES)
    made.start()
    yield made
    made.stop()


def _at(page: Any, place: list[float]) -> list[float]:
    """Where a place of the image is on the screen."""
    found: list[float] = page.evaluate(
        """([x, y]) => { const m = document.querySelector(".canvas > g").getScreenCTM();
                         return [m.a * x + m.e, m.d * y + m.f]; }""",
        place,
    )
    return found


def _click(page: Any, *places: list[float], key: str | None = None) -> None:
    for place in places:
        if key:
            page.keyboard.down(key)
        page.mouse.click(*_at(page, place))
        if key:
            page.keyboard.up(key)


def _said(page: Any, text: str) -> None:
    page.locator(".proposal", has_text=text).wait_for()


def _broken_rules(page: Any) -> list[str]:
    """What axe-core finds on the screen as it is."""
    return [each["id"] for each in Axe().run(page).response["violations"]]


def _answers(server: ReviewServer, number: int) -> dict[str, dict[str, Any]]:
    rows = server.queue.answers(f"licences-round-{number:03d}").to_pylist()
    return {row["sample_id"]: {**json.loads(row["answer"]), "row": row} for row in rows}


def test_objects_are_outlined_by_mouse_mended_and_sent(server: ReviewServer, chromium: Browsers) -> None:
    server.open_batch(images(2, outlined(square(10, 10, 30), square(250, 20, 40, "button"))), number=1)
    page = answering(chromium.open(server.link("ada")))
    # Of two proposals one is taken; what is outlined takes the place of the other, is deleted, and another is drawn.
    _said(page, "2 proposed")
    page.keyboard.press("t")
    _said(page, "the next one is selected")
    page.keyboard.press("Escape")
    _click(page, [250, 40], [270, 20], [290, 40], [270, 60])
    until(page, "document.querySelectorAll('.object-list li').length === 2")
    assert "proposed" not in str(page.locator(".object-list").text_content())
    page.keyboard.press("Delete")
    until(page, "document.querySelectorAll('.object-list li').length === 1")
    # Beyond the border counts as at it: what the border cuts off ends there.
    frame = page.locator(".canvas").bounding_box()
    for x, y in (_at(page, [-3, -3]), _at(page, [323, 243])):
        assert 0 < x - frame["x"] < frame["width"] and 0 < y - frame["y"] < frame["height"]
    _click(page, [-3, 40], [60, -3], [100, 40], [40, 80])
    _said(page, "Object 2: coin")
    page.keyboard.press("Delete")
    until(page, "document.querySelectorAll('.object-list li').length === 1")
    _click(page, *ends(0))
    _said(page, "Object 2: coin")
    page.keyboard.press("2")
    _click(page, [45, 80], key="Control")
    _said(page, "Object 2: button, ")
    # A vertex is dragged, and the step undone and done again.
    page.keyboard.press("v")
    page.locator(".object-list .quiet-button").first.click()
    page.mouse.move(*_at(page, [10, 10]))
    page.mouse.down()
    page.mouse.move(*_at(page, [5, 5]), steps=3)
    page.mouse.up()
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+y")
    page.wait_for_timeout(900)
    page.reload()
    page.wait_for_selector(".canvas image[href]")
    page.locator(".object-list li").nth(1).wait_for()
    page.keyboard.press("Enter")
    page.locator(".told", has_text="answered 1 button, 1 coin").wait_for()
    # Nothing is here: no answer without a word.
    until(page, "!document.querySelector('.ending button:last-child').disabled")
    page.keyboard.press("Enter")
    _said(page, "There is no object yet")
    page.keyboard.press("q")
    kept(page)
    found = _answers(server, 1)
    first, second = found["s0"]["objects"]
    assert (first["class"], second["class"]) == ("coin", "button")
    assert first["polygons"][0][0] == pytest.approx([5, 5], abs=1)
    assert (first["provenance"], first["n_edits"], second["provenance"]) == ("model_edited", 1, "human_assisted")
    assert np.allclose(second["extreme_points"], ends(0), atol=1)
    assert second["clicks"][0][2] is False
    assert all(0 <= each[name] < 60 for each in (first, second) for name in ("active_s", "idle_s", "waiting_s"))
    assert first["active_s"] + second["active_s"] <= found["s0"]["row"]["active_s"] + 0.1
    assert found["s0"]["row"]["provenance"] == "model_edited"
    assert (found["s1"]["objects"], found["s1"]["row"]["provenance"]) == ([], "human")
    # The last answer is taken back and kept.
    page.keyboard.press("u")
    page.keyboard.press("u")
    _said(page, "Your answer is 1 button, 1 coin")
    page.keyboard.press("Escape")
    assert chromium.errors == []


def test_an_object_is_outlined_by_keys_alone(server: ReviewServer, chromium: Browsers) -> None:
    server.open_batch(images(1), number=2)
    page = answering(chromium.open(server.link("ada"), width=900))
    _said(page, "Click the leftmost")

    def go(key: str, times: int, then: str) -> None:
        for _ in range(times):
            page.keyboard.press(key)
        page.keyboard.press(then)

    go("ArrowLeft", 8, "Enter")
    go("ArrowRight", 16, "Space")
    go("ArrowUp", 6, "ArrowLeft")
    go("ArrowLeft", 7, "Enter")
    _said(page, "3 of 4 places")
    go("ArrowDown", 12, "Enter")
    _said(page, "Object 1: coin")
    page.keyboard.press("v")
    go("ArrowRight", 1, "n")
    page.keyboard.press("+")
    page.keyboard.press("]")
    page.keyboard.press("m")
    page.keyboard.press("m")
    page.keyboard.press("c")
    page.keyboard.type("half of it is hidden")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    kept(page)
    (one,) = _answers(server, 2)["s0"]["objects"]
    assert (one["class"], len(one["extreme_points"]), one["provenance"]) == ("coin", 4, "human_assisted")
    assert chromium.errors == []


def test_a_broken_prediction_blocks_nothing_and_drawing_by_hand_goes_on(
    server: ReviewServer, chromium: Browsers
) -> None:
    server.open_batch(images(1), number=3)
    page = answering(chromium.open(server.link("ada"), width=390, has_touch=True, color_scheme="dark"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".toolbar").evaluate("bar => bar.scrollWidth <= bar.clientWidth && bar.clientHeight < 100")
    assert page.locator(".tool").last.bounding_box()["x"] < 390
    page.route("**/mask", lambda route: route.fulfill(status=503, json={"error": "the segmenter failed"}))
    for place in ends(0):
        page.touchscreen.tap(*_at(page, place))
    _said(page, "Object 1: the segmenter failed.")
    page.keyboard.press("d")
    _click(page, [200, 130], [240, 130], [240, 170], [200, 170], [200, 130])
    page.keyboard.press("b")
    _click(page, [10, 180], [60, 230])
    assert page.locator(".object-list li").count() == 3
    assert _broken_rules(page) == []
    # An outline that crosses itself is not sent; the server would refuse it, too.
    page.keyboard.press("d")
    _click(page, [100, 180], [140, 220], [140, 180], [100, 222])
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    _said(page, "Object 4: its outline crosses itself")
    page.keyboard.press("Delete")
    page.keyboard.press("Enter")
    kept(page)
    first, polygon, box = _answers(server, 3)["s0"]["objects"]
    assert [len(one["polygons"][0]) for one in (first, polygon, box)] == [4, 4, 4]
    assert [one["provenance"] for one in (first, polygon, box)] == ["human_assisted", "human", "human"]
    assert chromium.errors == []


def test_what_the_server_refuses_comes_back_with_its_words(server: ReviewServer, chromium: Browsers) -> None:
    server.open_batch(images(1), number=4)
    page = answering(chromium.open(server.link("ada")))
    page.keyboard.press("b")
    _click(page, [10, 10], [60, 60])
    refusal = "object 0 has a polygon that crosses itself or has no area"
    page.route("**/annotations", lambda route: route.fulfill(status=422, json={"error": refusal}), times=1)
    page.keyboard.press("Enter")
    page.locator(".wrong-here", has_text="object 1 has a polygon that crosses itself").wait_for()
    page.keyboard.press("v")
    page.mouse.move(*_at(page, [10, 10]))
    page.mouse.down()
    page.mouse.move(*_at(page, [20, 20]), steps=3)
    page.mouse.up()
    page.keyboard.press("Enter")
    kept(page)
    (one,) = _answers(server, 4)["s0"]["objects"]
    assert one["polygons"][0][0] == pytest.approx([20, 20], abs=1)
    assert chromium.errors == []


def test_disputed_objects_are_decided_side_by_side(server: ReviewServer, chromium: Browsers) -> None:
    server.open_batch(images(1), answers_per_task=2, number=5)
    for name, corner in (("ada", [60, 60]), ("bob", [200, 200])):
        page = answering(chromium.open(server.link(name)))
        page.keyboard.press("b")
        _click(page, [10, 10], corner)
        page.keyboard.press("Enter")
        kept(page)
    eve = chromium.open(server.link("eve", "reviewer"))
    # Only where people may have answered differently.
    eve.get_by_role("link", name="Disputed").click()
    eve.locator(".side-image").nth(1).wait_for()
    assert _broken_rules(eve) == []
    assert "ada" not in eve.locator("main").text_content()
    with eve.expect_response("**/decisions") as said:
        eve.keyboard.press("2")
    assert said.value.status == 204
    eve.get_by_role("heading", name="Nothing is disputed").wait_for()
    rows = server.queue.answers("licences-round-005").to_pylist()
    (decided,) = [row for row in rows if row["decided_at"]]
    given = {row["answer"] for row in rows if not row["decided_at"]}
    assert (decided["annotator"], decided["answer"] in given, decided["label"]) == ("eve", True, None)
    assert chromium.errors == []
