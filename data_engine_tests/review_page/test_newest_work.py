"""Of each kind of work only the latest counts, and what hangs holds up nobody for long."""

import threading
from concurrent.futures import Future

import pytest

from data_engine.review_page.newest_work import NewestWork, Superseded, TooBusy


@pytest.fixture
def hanging():
    """An event that work waits for; set at the end, so that threads end."""
    event = threading.Event()
    yield event
    event.set()


def begun(work: NewestWork, event: threading.Event, key: str = "held") -> "Future[object]":
    """Work that has begun and waits for the event."""
    started = threading.Event()
    future = work.submit(key, lambda: started.set() or event.wait(30))
    assert started.wait(10)
    return future


def test_what_waits_is_dropped_for_something_newer_with_the_same_key(hanging):
    work, done = NewestWork(n_threads=1), []
    held = begun(work, hanging)
    first, second, other = (work.submit(key, lambda n=n: done.append(n)) for n, key in enumerate("aab"))
    with pytest.raises(Superseded, match="a newer click"):
        first.result(10)
    hanging.set()
    for future in (second, other):
        future.result(10)
    assert (sorted(done), held.result(10)) == ([1, 2], True)


def test_what_runs_is_not_looked_at_once_something_newer_is_asked(hanging):
    work = NewestWork(n_threads=1)
    held = begun(work, hanging)
    newer = work.submit("held", lambda: "newer")
    with pytest.raises(Superseded):
        held.result(10)
    hanging.set()
    assert newer.result(10) == "newer"


def test_urgent_work_goes_first(hanging):
    work, done = NewestWork(n_threads=1), []
    begun(work, hanging)
    futures = [
        work.submit("loaded ahead", lambda: done.append("ahead"), is_urgent=False),
        work.submit("clicked", lambda: done.append("click")),
    ]
    hanging.set()
    for future in futures:
        future.result(10)
    assert done == ["click", "ahead"]


def test_an_error_reaches_whoever_asked_and_the_thread_goes_on():
    work = NewestWork(n_threads=1)
    with pytest.raises(ZeroDivisionError):
        work.submit("a", lambda: 1 / 0).result(10)
    assert work.submit("a", lambda: "well").result(10) == "well"


def test_nothing_more_is_taken_where_too_much_waits_or_all_threads_hang(hanging):
    full = NewestWork(n_threads=1, most_waiting=1)
    begun(full, hanging)
    full.submit("a", lambda: None)
    with pytest.raises(TooBusy, match="1 predictions wait already; click again in a moment"):
        full.submit("b", lambda: None)
    stuck = NewestWork(n_threads=1, patience_s=0)
    begun(stuck, hanging)
    with pytest.raises(TooBusy, match="still at earlier clicks after 0 s; draw the outline by hand"):
        stuck.submit("b", lambda: None)
