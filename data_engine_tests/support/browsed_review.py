"""A review page in a process of its own, which can be stopped and started, and people who look at it in Chromium."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import browsing
from playwright.sync_api import sync_playwright

from data_engine.review import NewTask
from data_engine.review.people.person_queue import PersonQueue
from data_engine.review.people.tokens import Person

CLASSES = ("mit", "apache-2.0", "gpl-2.0")
HOSTILE = '<script>document.title = "hacked"</script><img src=x onerror="document.title=1">'

_SERVER = """
import sys
import numpy as np
from objects_on_page import coins_on_page
from review_page import Page, licences_on_page
from data_engine.review.people.person_queue import PersonQueue
from data_engine.review_page.page_corpus import ShownImage
from data_engine.review_page.server import listening, serve
from data_engine.sound.clip import Clip, wav_bytes

url, port, shown = sys.argv[1], int(sys.argv[2]), sys.argv[3]
classes = tuple(sys.argv[4].split(","))
sound = wav_bytes(Clip(np.zeros((5 * 8_000, 1), np.int16), 8_000))
player = (lambda _: ShownImage("audio/wav", sound)) if shown == "sounds" else None
others = [licences_on_page(name=name, title=name, classes=classes, out_of_scope=None) for name in sys.argv[5:]]
corpus = coins_on_page(classes=classes) if shown == "objects" else licences_on_page(
    is_of_images=shown in ("images", "sounds"), classes=classes, out_of_scope=classes[-1], player_of=player
)
with PersonQueue(url) as queue, listening("127.0.0.1", port) as listener:
    serve(Page(queue, corpus, *others).app, listener, started=lambda: print(listener.getsockname()[1], flush=True))
"""


class ReviewServer:
    """The page of the corpus `licences` over a queue.

    Args:
        folder: Where the queue is.
        is_of_images: Whether tasks show an image.
        are_sounds: Whether tasks show an image and play five seconds of sound.
        kind: Of the answers; of `objects`, images are those of `objects_on_page.py`.
        classes: Of the corpus.
        others: Names of other corpora on the page, of texts and of the same classes.
    """

    def __init__(
        self,
        folder: Path,
        *,
        is_of_images: bool = False,
        are_sounds: bool = False,
        kind: str = "class",
        classes: tuple[str, ...] = CLASSES,
        others: tuple[str, ...] = (),
    ) -> None:
        self.queue = PersonQueue(f"sqlite:///{folder / 'review.db'}")
        self._url, self._classes = f"sqlite:///{folder / 'review.db'}", classes
        self._shown = "objects" if kind == "objects" else "images" if is_of_images else "texts"
        self._shown = "sounds" if are_sounds else self._shown
        self._others = others
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Serve it, on the port that it had before."""
        arguments = [self._url, str(self.port), self._shown, ",".join(self._classes), *self._others]
        command = [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{_SERVER}", *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def stop(self) -> None:
        """End it at once, as a machine that is switched off does."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.communicate()

    def open_batch(self, tasks: list[NewTask], **changes: Any) -> None:
        """Open the batch `licences-round-001`, or the first one of another corpus, or with another number."""
        arguments: dict[str, Any] = {
            "corpus": "licences",
            "question": "Which licence is meant?",
            "classes": self._classes,
            "kind": "objects" if self._shown == "objects" else "class",
            "cause": "a test",
            "now": datetime.now(UTC),
        }
        arguments |= changes
        number = arguments.pop("number", 1)
        self.queue.open_batch(f"{arguments['corpus']}-round-{number:03d}", tasks=tasks, **arguments)

    def answer_one(self, person: Person, label: str) -> None:
        """Answer the first task that somebody gets."""
        (lease,) = self.queue.take(person, corpus="licences", now=datetime.now(UTC))
        self.queue.answer(person, lease.lease_id, f"first-of-{person.annotator}", label=label, now=datetime.now(UTC))

    def link(self, name: str, role: str = "annotator") -> str:
        """The address of the page for a person."""
        secret, _ = self.queue.create_token(name, role, lasts=timedelta(days=1), now=datetime.now(UTC))
        return f"http://127.0.0.1:{self.port}/#token={secret}"

    def labels(self) -> dict[str, list[str]]:
        """The answers in the queue by sample."""
        found: dict[str, list[str]] = {}
        for row in self.queue.answers("licences-round-001").to_pylist():
            found.setdefault(row["sample_id"], []).append(row["label"])
        return {name: sorted(labels) for name, labels in sorted(found.items())}


def texts(n: int, *, arm: str = "manual", proposed: str | None = None) -> list[NewTask]:
    """Tasks about the texts 0 to n - 1."""
    return [
        NewTask(f"s{i}", "query", arm, {"text": f"text number {i}", "uri": f"file{i}.txt"}, proposed, 0.75)
        for i in range(n)
    ]


class Browsers:
    """People at their own browsers, whose errors are kept."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser
        self.errors: list[str] = []

    def open(self, link: str, *, width: int = 1280, **options: Any) -> Any:
        """A page of a browser of its own that follows a link, once it is there."""
        page = self._browser.new_context(viewport={"width": width, "height": 800}, **options).new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self._note(said.text) if said.type == "error" else None)
        page.goto(link)
        page.wait_for_selector("main h1")
        return page

    def _note(self, text: str) -> None:
        # That a request failed is what some tests are about; everything else is a mistake of the page.
        if not re.search(r"Failed to load resource|net::ERR", text):
            self.errors.append(text)


@contextmanager
def browsers() -> Iterator[Browsers]:
    """Headless Chromium."""
    executable = browsing.chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(browsing.CHROMIUM_OPTIONS))
        try:
            yield Browsers(browser)
        finally:
            browser.close()


def answering(page: Any) -> Any:
    """Go from the first screen to the first task, by keyboard."""
    page.wait_for_selector("a.go")
    page.keyboard.press("Enter")
    page.wait_for_selector(".classes")
    page.keyboard.press("Enter")
    page.wait_for_selector(".task-sample p, .task-sample img, .canvas image[href]")
    return page


def kept(page: Any) -> None:
    """Wait until the server has every answer."""
    page.locator("#sync", has_text="all answers are kept").wait_for()


def until(page: Any, script: str) -> None:
    """Wait until a script says true; the page's own policy lets Playwright not do this by itself."""
    for _ in range(150):
        if page.evaluate(script):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"not within 15 s: {script}")


def shown(page: Any) -> str:
    """The text of the task on the screen."""
    return str(page.locator(".task-sample p").first.text_content())
