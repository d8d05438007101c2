import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dying_work import obey, process_id

from data_engine.indexing.isolation.reader_process import IsolatedReader, Limits, ReaderKilled, borrowed_reader

LIMITS = Limits(seconds=20, n_bytes=1 << 30)


@pytest.fixture(scope="module")
def shared() -> Iterator[IsolatedReader]:
    reader = IsolatedReader()
    yield reader
    reader.close()


def test_what_the_work_yields_comes_back_in_order(shared: IsolatedReader) -> None:
    words = [str(number) for number in range(1000)]
    assert list(shared.ask(obey, words, limits=LIMITS)) == words
    assert list(shared.ask(obey, words, limits=LIMITS, n_left_out=998)) == ["998", "999"]


@pytest.mark.parametrize(
    ("word", "limits", "expected"),
    [
        ("crash", LIMITS, r"the reader was killed by signal 11 \(SIGSEGV\)"),
        ("hang", Limits(0.5, 1 << 30), r"the reader gave no sign of life for 0\.5 s and was stopped"),
        ("swell", LIMITS, "the reader needed more than 1,073,741,824 bytes of memory"),
        ("leave", LIMITS, "the reader ended with status 3"),
    ],
)
def test_a_death_is_named_what_came_before_it_is_kept_and_the_next_question_is_answered(
    word: str, limits: Limits, expected: str, shared: IsolatedReader
) -> None:
    given = []
    with pytest.raises(ReaderKilled, match=expected):
        for item in shared.ask(obey, ["one", "two", word, "four"], limits=limits, each=True):
            given.append(item)
    assert given == ["one", "two"]
    assert list(shared.ask(obey, ["again"], limits=LIMITS)) == ["again"]


def test_what_the_work_raises_is_raised(shared: IsolatedReader) -> None:
    given = []
    with pytest.raises(ValueError, match="refused"):
        for item in shared.ask(obey, ["one", "refuse"], limits=LIMITS):
            given.append(item)
    assert given == ["one"]


def test_an_answer_that_is_not_drawn_to_its_end_does_not_end_up_in_the_next(shared: IsolatedReader) -> None:
    items = shared.ask(obey, ["one", "two"], limits=LIMITS, each=True)
    assert next(items) == "one"
    assert list(shared.ask(obey, ["three"], limits=LIMITS)) == ["three"]


def test_a_process_is_kept_for_the_next_borrower_and_one_that_died_is_not() -> None:
    with borrowed_reader() as first:
        (one,) = first.ask(process_id, limits=LIMITS)
    with borrowed_reader() as second:
        (two,) = second.ask(process_id, limits=LIMITS)
        assert one == two
        os.kill(two, signal.SIGKILL)
        time.sleep(0.2)
    with borrowed_reader() as third:
        (three,) = third.ask(process_id, limits=LIMITS)
    assert three != two


def test_a_reader_that_hangs_ends_with_the_process_that_asked_it(tmp_path: Path) -> None:
    program = (
        "import sys, os; from dying_work import obey, process_id\n"
        "from data_engine.indexing.isolation.reader_process import Limits, IsolatedReader\n"
        "reader = IsolatedReader(); limits = Limits(1000, 1 << 30)\n"
        "print(*reader.ask(process_id, limits=limits), flush=True)\n"
        "list(reader.ask(obey, ['hang'], limits=limits))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, env=environment) as asking:
        assert asking.stdout is not None
        reading = int(asking.stdout.readline())
        time.sleep(0.3)
        asking.kill()
    deadline = time.monotonic() + 10
    while _lives(reading) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _lives(reading)


def _lives(process: int) -> bool:
    status = Path(f"/proc/{process}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
