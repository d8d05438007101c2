"""The review page as people use it: headless Chromium, by keyboard and by mouse, with what goes wrong on the way."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from browsed_review import HOSTILE, Browsers, ReviewServer, answering, browsers, kept, shown, texts, until

from data_engine.review import NewTask
from data_engine.review.people.tokens import Person


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browsers]:
    with browsers() as opened:
        yield opened


@pytest.fixture
def people(chromium: Browsers) -> Iterator[Browsers]:
    """Browsers that must report no mistake of the page."""
    chromium.errors.clear()
    yield chromium
    assert chromium.errors == []


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ReviewServer]:
    """A page over twelve texts."""
    made = ReviewServer(tmp_path)
    made.open_batch(texts(12))
    made.start()
    yield made
    made.stop()


def _keys(page: Any, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_batch_is_answered_by_single_keys(server: ReviewServer, people: Browsers) -> None:
    page = people.open(server.link("ada"))
    assert page.locator("h1").text_content() == "12 tasks for you"
    answering(page)
    for number, key in enumerate(["1", "2", "3", "o"]):
        assert shown(page) == f"text number {number}"
        _keys(page, key)
    kept(page)
    assert server.labels() == {"s0": ["mit"], "s1": ["apache-2.0"], "s2": ["gpl-2.0"], "s3": ["gpl-2.0"]}
    rows = server.queue.answers("licences-round-001").to_pylist()
    assert {(row["provenance"], row["annotator"]) for row in rows} == {("human", "ada")}
    assert all(0 <= row["active_s"] < 60 for row in rows)
    assert page.locator(".last li").count() == 4
    assert "token" not in page.url


def test_the_next_task_is_there_within_a_tenth_of_a_second_and_nothing_jumps(
    server: ReviewServer, people: Browsers
) -> None:
    page = answering(people.open(server.link("ada")))
    page.wait_for_timeout(500)
    places = lambda: [page.locator(place).bounding_box() for place in (".task-sample", ".choices", ".tools")]  # noqa: E731
    before = places()
    took = page.evaluate(
        """() => new Promise((done) => {
             const text = () => document.querySelector('.task-sample p').textContent;
             const was = text(), begun = performance.now();
             document.dispatchEvent(new KeyboardEvent('keydown', { key: '1', bubbles: true }));
             const look = () => text() !== was ? done(performance.now() - begun) : requestAnimationFrame(look);
             look();
           })"""
    )
    assert took < 100
    _keys(page, "s")
    assert places() == before
    _keys(page, "Escape")
    assert places() == before


def test_everything_can_be_done_by_mouse(server: ReviewServer, people: Browsers) -> None:
    page = people.open(server.link("ada"))
    page.get_by_role("link", name="Start").click()
    page.get_by_role("link", name="Answer", exact=True).click()
    page.get_by_role("button", name="mit", exact=True).click()
    page.get_by_role("button", name="Skip").click()
    page.get_by_role("button", name="it is unclear").click()
    page.get_by_role("button", name="Out of scope").click()
    page.get_by_role("textbox", name="Comment").fill("not sure")
    page.get_by_role("button", name="apache-2.0", exact=True).click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="gpl-2.0", exact=True).click()
    kept(page)
    assert server.labels() == {"s0": ["mit"], "s2": ["gpl-2.0"], "s3": ["gpl-2.0"]}
    (skipped,) = server.queue.skipped("ada")
    assert (skipped.sample_id, skipped.reason) == ("s1", "it is unclear")
    page.get_by_role("link", name="My answers").click()
    page.locator(".facts").wait_for()
    facts = page.locator(".facts dd").all_text_contents()
    assert facts[0] == "3" and facts[4:6] == ["1", "1"]


def test_answers_are_undone_one_after_the_other_and_kept_with_escape(server: ReviewServer, people: Browsers) -> None:
    page = answering(people.open(server.link("ada")))
    _keys(page, "1", "1", "1")
    kept(page)
    _keys(page, "u", "u")
    assert shown(page) == "text number 1"
    _keys(page, "2")
    assert shown(page) == "text number 3"
    _keys(page, "u", "Escape")
    assert shown(page) == "text number 3"
    kept(page)
    assert server.labels() == {"s0": ["mit"], "s1": ["apache-2.0"], "s2": ["mit"]}
    page.locator(".last button").nth(2).click()
    assert shown(page) == "text number 0"
    _keys(page, "3")
    kept(page)
    assert server.labels()["s0"] == ["gpl-2.0"]


def test_a_task_that_is_skipped_while_others_are_asked_for_comes_again(tmp_path: Path, people: Browsers) -> None:
    server = ReviewServer(tmp_path)
    server.open_batch(texts(2))
    server.start()
    try:
        page = answering(people.open(server.link("ada")))
        page.locator(".task-sample", has_text="text number 0").wait_for()
        # The answer to the question for more comes after that to the skip, and was given before it.
        page.evaluate("""() => {
            const now = window.fetch, late = { next: 900, leases: 300 };
            window.fetch = async (...asked) => {
                const found = await now(...asked);
                const ms = late[String(asked[0]).split("?")[0].split("/").find((part) => part in late)] || 0;
                await new Promise((done) => setTimeout(done, ms));
                return found;
            };
        }""")
        _keys(page, "s", "2")
        page.locator(".task-sample", has_text="text number 1").wait_for()
        _keys(page, "1")
        page.get_by_text("you skipped this before").wait_for()
    finally:
        server.stop()


def test_a_skipped_task_comes_again_when_nothing_else_is_left(tmp_path: Path, people: Browsers) -> None:
    server = ReviewServer(tmp_path)
    server.open_batch(texts(2))
    server.start()
    try:
        page = answering(people.open(server.link("ada")))
        _keys(page, "s", "2")
        page.locator(".task-sample", has_text="text number 1").wait_for()
        _keys(page, "1")
        page.get_by_text("you skipped this before").wait_for()
        assert shown(page) == "text number 0"
        _keys(page, "2")
        page.get_by_role("heading", name="Nothing is left for you").wait_for()
        kept(page)
        assert server.labels() == {"s0": ["apache-2.0"], "s1": ["mit"]}
        _keys(page, "Escape")
        page.get_by_text("all samples have a label").wait_for()
    finally:
        server.stop()


def test_where_a_question_has_nothing_left_the_next_one_is_a_key_away_and_answers_say_which_they_are_of(
    tmp_path: Path, people: Browsers
) -> None:
    server = ReviewServer(tmp_path, others=("dates",))
    server.open_batch(texts(1), corpus="dates", question="Which date is meant?")
    server.open_batch(texts(1))
    server.start()
    try:
        page = answering(people.open(server.link("ada")))
        assert page.locator("h1").text_content() == "Which licence is meant?"
        _keys(page, "1")
        page.get_by_role("heading", name="Nothing is left for you in Licence mentions").wait_for()
        page.get_by_role("link", name="Go on with dates").wait_for()
        _keys(page, "Enter")
        page.wait_for_selector(".classes")
        _keys(page, "Enter")
        page.wait_for_selector(".task-sample p")
        assert page.locator("h1").text_content() == "Which date is meant?"
        _keys(page, "2")
        kept(page)
        page.get_by_role("heading", name="Nothing is left for you in dates").wait_for()
        page.get_by_role("link", name="My answers").click()
        page.locator(".last li").nth(1).wait_for()
        said = page.locator(".last li").all_text_contents()
        assert sorted(said) == ["apache-2.0 dates · text number 0", "mit Licence mentions · text number 0"]
    finally:
        server.stop()


def test_a_proposal_is_taken_by_enter_and_its_score_is_hidden_until_asked(tmp_path: Path, people: Browsers) -> None:
    server = ReviewServer(tmp_path)
    server.open_batch(texts(3, arm="assisted", proposed="apache-2.0"))
    server.start()
    try:
        page = answering(people.open(server.link("ada")))
        assert page.locator(".choice.proposed").text_content().endswith("apache-2.0")
        assert "%" not in page.locator(".proposal").text_content()
        _keys(page, "p")
        page.get_by_text("with 75 %").wait_for()
        _keys(page, "Enter")
        kept(page)
        assert server.labels() == {"s0": ["apache-2.0"]}
        assert server.queue.answers("licences-round-001")["provenance"].to_pylist() == ["human_assisted"]
    finally:
        server.stop()


def test_many_classes_are_searched(tmp_path: Path, people: Browsers) -> None:
    classes = tuple(f"family-{i:02}" for i in range(30))
    server = ReviewServer(tmp_path, classes=classes)
    server.open_batch(texts(3))
    server.start()
    try:
        page = answering(people.open(server.link("ada")))
        _keys(page, "/")
        page.keyboard.type("y-17")
        assert page.locator(".choice:visible").count() == 1
        _keys(page, "Enter")
        assert shown(page) == "text number 1"
        _keys(page, "3")
        kept(page)
        assert server.labels() == {"s0": ["family-17"], "s1": ["family-02"]}
    finally:
        server.stop()


def test_a_draft_survives_a_reload(server: ReviewServer, people: Browsers) -> None:
    page = answering(people.open(server.link("ada")))
    _keys(page, "1", "c")
    page.keyboard.type("looks odd")
    page.reload()
    page.wait_for_selector(".task-sample p")
    assert shown(page) == "text number 1"
    assert page.get_by_role("textbox", name="Comment").input_value() == "looks odd"
    _keys(page, "2")
    kept(page)
    (row,) = [
        each for each in server.queue.last_answers(Person("ada", "annotator", ""), ["licences"]) if each["comment"]
    ]
    assert (row["label"], row["comment"]) == ("apache-2.0", "looks odd")


def test_a_draft_goes_on_at_another_device_and_is_gone_once_it_is_answered(
    server: ReviewServer, people: Browsers
) -> None:
    link = server.link("ada")
    page = answering(people.open(link))
    _keys(page, "c")
    page.keyboard.type("which one?")
    ada, asked = Person("ada", "annotator", ""), server.queue.tables("licences")["review_task"]["task_id"].to_pylist()
    for _ in range(100):
        if server.queue.drafts(ada, asked):
            break
        page.wait_for_timeout(50)
    tablet = answering(people.open(link, width=820))
    assert shown(tablet) == "text number 0"
    assert tablet.get_by_role("textbox", name="Comment").input_value() == "which one?"
    _keys(tablet, "2")
    kept(tablet)
    assert server.queue.drafts(ada, asked) == {}


def test_a_lease_that_is_lost_while_somebody_writes_is_told_and_the_draft_kept(
    server: ReviewServer, people: Browsers
) -> None:
    page = answering(people.open(server.link("ada")))
    late = datetime.now(UTC) + timedelta(minutes=8)
    bob = Person("bob", "annotator", "")
    (taken,) = server.queue.take(bob, corpus="licences", now=late)
    server.queue.answer(bob, taken.lease_id, "bob-answers", label="mit", now=late)
    assert shown(page) == taken.task.payload["text"] == "text number 0"
    _keys(page, "c")
    page.keyboard.type("not so sure")
    page.get_by_text("The task before wants no answer of yours any more; what you had begun is kept.").first.wait_for()
    assert shown(page) == "text number 1"
    assert server.queue.drafts(Person("ada", "annotator", ""), [taken.task.task_id]) == {
        taken.task.task_id: {"comment": "not so sure"}
    }
    assert server.labels() == {"s0": ["mit"]}


def test_answers_given_offline_arrive_once_the_connection_is_back(server: ReviewServer, people: Browsers) -> None:
    page = answering(people.open(server.link("ada")))
    page.wait_for_timeout(500)
    page.context.set_offline(True)
    _keys(page, "1", "2", "u", "3")
    page.get_by_text("offline: 3 answers kept in this browser").or_(
        page.get_by_text("offline: 2 answers kept in this browser")
    ).wait_for()
    assert server.labels() == {}
    page.context.set_offline(False)
    kept(page)
    assert server.labels() == {"s0": ["mit"], "s1": ["gpl-2.0"]}


def test_a_restart_of_the_server_loses_nothing(server: ReviewServer, people: Browsers) -> None:
    page = answering(people.open(server.link("ada")))
    page.wait_for_timeout(500)
    _keys(page, "1")
    kept(page)
    server.stop()
    _keys(page, "2", "3")
    page.get_by_text("2 answers kept in this browser").wait_for()
    server.start()
    kept(page)
    page.reload()
    page.wait_for_selector(".task-sample p")
    assert server.labels() == {"s0": ["mit"], "s1": ["apache-2.0"], "s2": ["gpl-2.0"]}
    assert shown(page) == "text number 3"


def test_an_answer_to_a_task_that_others_finished_is_told_and_the_next_one_shown(
    server: ReviewServer, people: Browsers
) -> None:
    page = answering(people.open(server.link("ada")))
    page.wait_for_timeout(500)
    server.queue.call_off(
        [row["task_id"] for row in server.queue.tables("licences")["review_task"].to_pylist()[:1]],
        reason="no longer needed",
        now=datetime.now(UTC),
    )
    _keys(page, "2")
    page.locator("#refused", has_text="Your answer apache-2.0 was not taken").wait_for()
    assert shown(page) == "text number 1"
    _keys(page, "1")
    kept(page)
    assert server.labels() == {"s1": ["mit"]}


def test_two_people_share_a_batch_without_answering_a_task_twice(tmp_path: Path, people: Browsers) -> None:
    server = ReviewServer(tmp_path)
    server.open_batch(texts(16))
    server.start()
    try:
        ada, bob = (answering(people.open(server.link(name))) for name in ("ada", "bob"))
        assert shown(ada) != shown(bob)
        for _ in range(8):
            for page, key in ((ada, "1"), (bob, "2")):
                if page.locator(".task-sample p").count():
                    _keys(page, key)
                    kept(page)
        rows = server.queue.answers("licences-round-001").to_pylist()
        assert len(rows) == len({row["sample_id"] for row in rows}) == 16
        assert {row["annotator"]: row["label"] for row in rows} == {"ada": "mit", "bob": "apache-2.0"}
    finally:
        server.stop()


@pytest.mark.parametrize("is_of_images", [False, True])
def test_many_that_propose_one_class_are_answered_at_once_but_the_wrong_ones(
    tmp_path: Path, people: Browsers, is_of_images: bool
) -> None:
    server = ReviewServer(tmp_path, is_of_images=is_of_images)
    server.open_batch(texts(6, arm="proposed", proposed="mit"))
    server.start()
    try:
        page = answering(people.open(server.link("ada")))
        _keys(page, "Escape")
        page.get_by_role("link", name="Many at once").click()
        page.get_by_role("button", name="mit (6)").click()
        page.locator(".tile").nth(2).click()
        page.locator(".tile").nth(4).focus()
        _keys(page, " ")
        assert page.locator("#confirm span").text_content() == "Answer 4 as mit, then 2 one by one"
        _keys(page, "Enter")
        page.wait_for_selector(".task-sample p, .task-sample img")
        _keys(page, "2", "3")
        kept(page)
        found = server.labels()
        assert [found[f"s{i}"][0] for i in range(6)] == ["mit", "mit", "apache-2.0", "mit", "gpl-2.0", "mit"]
    finally:
        server.stop()


def test_images_are_shown_enlarged_and_loaded_before_they_are_needed(tmp_path: Path, people: Browsers) -> None:
    server = ReviewServer(tmp_path, is_of_images=True)
    server.open_batch(texts(4))
    server.start()
    try:
        page = people.open(server.link("ada"))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url) if "/media" in request.url else None)
        answering(page)
        until(page, "document.querySelector('.task-sample img').naturalWidth === 1")
        page.wait_for_timeout(300)
        assert len(set(asked)) == 4
        _keys(page, "z")
        assert "zoomed" in page.locator(".task-sample").get_attribute("class")
        _keys(page, "1")
        assert "zoomed" not in page.locator(".task-sample").get_attribute("class")
        until(page, "document.querySelector('.task-sample img').naturalWidth === 1")
        assert len(asked) == 4
    finally:
        server.stop()


def test_disputed_samples_are_decided_by_a_reviewer(tmp_path: Path, people: Browsers) -> None:
    server = ReviewServer(tmp_path)
    server.open_batch(texts(3), answers_per_task=2)
    server.start()
    try:
        ada, bob = (answering(people.open(server.link(name))) for name in ("ada", "bob"))
        _keys(ada, "1", "1", "1")
        _keys(bob, "1", "2", "3")
        kept(ada)
        kept(bob)
        eve = people.open(server.link("eve", "reviewer"))
        eve.get_by_role("link", name="Disputed").click()
        eve.get_by_text("text number 1").wait_for()
        assert "ada" not in eve.locator("main").text_content()
        _keys(eve, "1")
        eve.get_by_role("button", name="Decide mit").click()
        eve.get_by_role("heading", name="Nothing is disputed").wait_for()
        eve.get_by_role("link", name="People").click()
        eve.get_by_role("row", name="ada").wait_for()
        assert sorted(server.queue.decisions("licences-round-001")["label"].to_pylist()) == ["apache-2.0", "mit"]
    finally:
        server.stop()


def test_an_admin_asks_more_once_no_batch_waits_for_others_either(tmp_path: Path, people: Browsers) -> None:
    server = ReviewServer(tmp_path)
    server.open_batch(texts(1), answers_per_task=2)
    server.start()
    try:
        admin, ada = answering(people.open(server.link("eve", "admin"))), answering(people.open(server.link("ada")))
        _keys(admin, "1")
        kept(admin)
        admin.goto(f"{admin.url.partition('#')[0]}#/")
        admin.get_by_role("heading", name="Nothing waits for you").wait_for()
        ask = admin.get_by_role("button", name="Ask 20 more")
        assert ask.count() == 0
        _keys(ada, "1")
        kept(ada)
        admin.reload()
        ask.wait_for()
        admin.route("**/api/v1/batches", lambda route: route.fulfill(status=422, json={"error": "take them over"}))
        ask.click()
        admin.get_by_role("status").filter(has_text="Take them over.").wait_for()
    finally:
        server.stop()


def test_scripts_in_texts_names_and_classes_are_shown_as_text(tmp_path: Path, people: Browsers) -> None:
    server = ReviewServer(tmp_path, classes=("mit", "<b>bold</b>", "gpl-2.0"))
    payload = {"text": HOSTILE, "uri": f"{HOSTILE}.txt"}
    tasks = [NewTask(f"s{i}", "query", "assisted", payload, "<b>bold</b>", 0.5) for i in range(3)]
    server.open_batch(tasks, question=f"Is it {HOSTILE}?", cause=HOSTILE)
    server.start()
    try:
        page = people.open(server.link('<i onclick="x">ada</i>', "admin"))
        page.get_by_text(f"Is it {HOSTILE}?").wait_for()
        answering(page)
        assert shown(page) == HOSTILE
        _keys(page, "2")
        kept(page)
        page.goto(f"{page.url.partition('#')[0]}#/grid/licences")
        page.get_by_role("button", name="<b>bold</b> (2)").click()
        page.locator(".tile").first.wait_for()
        page.goto(f"{page.url.partition('#')[0]}#/people")
        page.get_by_role("table").wait_for()
        assert page.title() == "People · Review"
        assert page.locator("main script, main b b, main i").count() == 0
    finally:
        server.stop()


@pytest.mark.parametrize(
    "screen", ["#/", "#/instructions/licences", "#/answer/licences", "#/grid/licences", "#/people"]
)
@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (820, "dark")])
def test_every_screen_fits_small_ones_in_the_dark_and_names_its_controls(
    server: ReviewServer, people: Browsers, screen: str, width: int, scheme: str
) -> None:
    page = answering(people.open(server.link("ada"), width=width, color_scheme=scheme))
    page.goto(f"{page.url.partition('#')[0]}{screen}")
    page.wait_for_timeout(400)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(251, 251, 249)") is (scheme == "light")
    nameless = page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, select, img, [role=region]')]
             .filter((e) => e.checkVisibility())
             .filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() || e.alt || e.labels?.length))
             .map((e) => e.outerHTML)"""
    )
    assert nameless == []


def test_a_link_that_is_too_old_says_so(server: ReviewServer, people: Browsers) -> None:
    page = people.open(f"http://127.0.0.1:{server.port}/#token=wrong")
    assert page.locator("h1").text_content() == "This link does not open the page"


def test_a_sound_plays_stops_and_is_sought_in_by_keys_and_ends_with_its_task(tmp_path: Path, people: Browsers) -> None:
    server = ReviewServer(tmp_path, are_sounds=True)
    server.open_batch(texts(2))
    server.start()
    try:
        page = people.open(server.link("ada"))
        answering(page)
        until(page, "document.querySelector('audio').duration === 5")
        page.evaluate("window.first = document.querySelector('audio')")
        _keys(page, " ")
        until(page, "first.currentTime > 0.1")
        _keys(page, "ArrowRight")
        assert page.evaluate("first.currentTime") >= 2
        _keys(page, " ", "Home")
        assert page.evaluate("[first.paused, first.currentTime]") == [True, 0]
        _keys(page, " ", "1")
        until(page, "document.querySelectorAll('.last li').length === 1")
        assert page.evaluate("[first.paused, first.isConnected, first.src]") == [True, False, ""]
        assert page.locator("audio").count() == 1
        kept(page)
    finally:
        server.stop()
