"""Serving the review page of a project: its corpora, a token for whoever starts it, a port, until it is stopped.

The page itself is in `review_page/`, its process beside the Dagster UI is started by `ui_process.py`.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from data_engine.errors import InvalidInput
from data_engine.orchestration.launch.project import Project
from data_engine.review.people.person_queue import PersonQueue
from data_engine.review.people.tokens import Person
from data_engine.review_page.app import create_app
from data_engine.review_page.server import listening, serve
from data_engine.runtime.amendments.asked_by_people import ask_people
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.review_page.page_corpora import page_corpora
from data_engine.terminal.plain_text import counted, shown

_LASTS = timedelta(days=1)
_EVERYWHERE = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Serving:
    """How a page is served.

    Attributes:
        annotator: Who starts it, and gets a token of the role admin.
        host: Address that it listens on.
        port: Its port; 0 for a free one.
        names: Host names that it goes by, besides those of this machine and `host`.
        is_beside_ui: Whether it says in a sentence why it does not start, in place of an error.
    """

    annotator: str
    host: str = "127.0.0.1"
    port: int = 0
    names: tuple[str, ...] = ()
    is_beside_ui: bool = False


def serve_page(project: Project, corpus: str | None, serving: Serving, *, say: Callable[[str], None]) -> None:
    """Serve the page until it is stopped, and say its address once it listens.

    Raises: InvalidInput without a name, without a corpus that asks a question, or where the port cannot be had.
    """
    try:
        _serve(project, corpus, serving, say)
    except InvalidInput as error:
        if not serving.is_beside_ui:
            raise
        say(f"no review page: {error}")


def _serve(project: Project, corpus: str | None, serving: Serving, say: Callable[[str], None]) -> None:
    if not serving.annotator:
        raise InvalidInput("an answer needs somebody to stand for it; give your name with --annotator")
    runtimes = list(project.runtimes.values()) if corpus is None else [project.runtime(corpus)]
    corpora = page_corpora(runtimes)
    hosts = {"127.0.0.1", "localhost", serving.host, *serving.names} - set(_EVERYWHERE)
    with queue_of(project) as queue, listening(serving.host, serving.port) as listener:
        secret, _ = queue.create_token(serving.annotator, "admin", lasts=_LASTS, now=queue.clock())
        for notice in [notice for each in corpora for notice in each.notices]:
            say(shown(notice))
        app = create_app(queue, corpora, hosts=hosts)
        address = _address(serving, listener)
        serve(app, listener, started=lambda: say(f"Review page: {address}/#token={secret}"))


def open_batch(runtime: CorpusRuntime, n: int, *, by: str, say: Callable[[str], None]) -> None:
    """Open a review batch for people, and say which; or the one that waits already.

    Args:
        runtime: The corpus, or one of its questions.
        n: Tasks.
        by: Who asks, for the record of what people did.
        say: Prints a line.

    Raises: ChecksFailed where subset or proposals are held back.
    """
    with PersonQueue(runtime.queue_url) as queue:
        known = {each.batch_id for each in queue.batches(runtime.corpus.name)}
        batch = ask_people(runtime, n)
        if batch is not None and batch not in known:
            queue.note(Person(by, "admin", None), "asked", subject_id=batch, now=queue.clock(), n_queries=n)
    nothing = f"nothing of {runtime.corpus.name} is left to ask: somebody answered every sample of the subset; raise "
    with runtime.queue() as queue:
        n_open = queue.open_tasks(runtime.corpus.name)
    say(
        f"{batch} waits for answers: {counted(n_open, 'task')}"
        if batch
        else f"{nothing}subset.target_size to ask about others"
    )


def queue_of(project: Project) -> PersonQueue:
    """The review queue of a project, which all its corpora share."""
    return PersonQueue(next(iter(project.runtimes.values())).queue_url)


def _address(serving: Serving, listener: socket.socket) -> str:
    host = serving.names[0] if serving.names else serving.host
    return f"http://{'127.0.0.1' if host in _EVERYWHERE else host}:{listener.getsockname()[1]}"
