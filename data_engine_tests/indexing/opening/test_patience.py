import errno
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from upath import UPath

from data_engine.errors import SourceError
from data_engine.indexing import fingerprint, list_batches, read_batch
from data_engine.indexing.opening.patience import Patience, Unreachable, failed_on_the_way, patiently
from data_engine.indexing.source import Batches, Source
from data_engine.indexing.source_files import open_file

LINES = b"".join(b'{"text": "text number %d"}\n' % number for number in range(5000))

#: Called for each request with its number; answers it and returns true, or leaves it to be answered as usual.
Trouble = Callable[[int, BaseHTTPRequestHandler], bool]


@contextmanager
def serving(trouble: Trouble) -> Iterator[str]:
    """The URL of a server of one file, which knows ranges, and the trouble that it has."""
    counted = [0]

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            counted[0] += 1
            if trouble(counted[0], self):
                return
            content, status = LINES, 200
            if asked := self.headers.get("Range"):
                first, last = asked.removeprefix("bytes=").split("-")
                content, status = LINES[int(first) : int(last or len(LINES)) + 1], 206
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Accept-Ranges", "bytes")
            if status == 206:
                self.send_header("Content-Range", f"bytes {first}-{int(first) + len(content) - 1}/{len(LINES)}")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/notes.jsonl"
    finally:
        server.shutdown()
        server.server_close()


def answers(handler: BaseHTTPRequestHandler, status: int, **headers: str) -> bool:
    handler.send_response(status)
    for name, value in {"Content-Length": "0", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    return True


def cuts(handler: BaseHTTPRequestHandler) -> bool:
    """Promises all of the file and closes the connection in its midst."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(LINES)))
    handler.end_headers()
    if handler.command == "GET":
        handler.wfile.write(LINES[:1000])
    handler.close_connection = True
    return True


def read(url: str, folder: Path, **settings: object) -> tuple[int, list[str], list[str]]:
    """Readable rows, errors, and the uris of what is worth reading again."""
    source = Source.model_validate({"kind": "jsonl", "path": url, **settings})
    (files,) = list_batches(source, Batches(), folder).values()
    unread: list[str] = []
    rows = read_batch(source, files, batch="b", modality="text", unread=unread).to_pylist()
    return sum(row["is_readable"] for row in rows), [row["error"] for row in rows if row["error"]], unread


def test_a_server_that_fails_at_times_is_asked_again(tmp_path: Path) -> None:
    with serving(lambda number, handler: number % 3 == 1 and answers(handler, 503)) as url:
        assert read(url, tmp_path) == (5000, [], [])


def test_a_connection_that_is_cut_once_is_read_on(tmp_path: Path) -> None:
    with serving(lambda number, handler: number == 3 and cuts(handler)) as url:
        assert read(url, tmp_path) == (5000, [], [])


def test_a_server_that_fails_for_good_while_it_is_read_is_worth_reading_again(tmp_path: Path) -> None:
    with serving(lambda number, handler: number > 1 and answers(handler, 503)) as url:
        n_rows, (error,), unread = read(url, tmp_path, retries=1, timeout_s=5)
        assert (n_rows, unread) == (0, ["notes.jsonl"])
        assert error.startswith("breaks off after its start (the server answers 503; tried 2 times within ")
        assert error.endswith("source.timeout_s is 5); what follows is read by the next run")


def test_a_server_that_stalls_is_named_within_the_time_that_the_source_gives(tmp_path: Path) -> None:
    with serving(lambda number, handler: bool(number > 1 and not time.sleep(20))) as url:
        started = time.perf_counter()
        n_rows, (error,), unread = read(url, tmp_path, timeout_s=2)
        assert time.perf_counter() - started < 8
        assert (n_rows, unread) == (0, ["notes.jsonl"])
        assert "the server does not answer (no answer within " in error


def test_a_server_that_is_down_is_named_as_down_and_not_as_empty(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"/notes cannot be reached: the server does not answer .*tried 2 times"):
        list_batches(Source(kind="jsonl", path="http://127.0.0.1:9/notes", retries=1), Batches(), tmp_path)
    with (
        serving(lambda number, handler: answers(handler, 500)) as url,
        pytest.raises(SourceError, match="cannot be reached: the server answers 500; tried 2 times within"),
    ):
        list_batches(Source(kind="jsonl", path=url, retries=1), Batches(), tmp_path)


def test_the_pause_that_a_server_asks_for_is_kept_where_there_is_time_for_it(tmp_path: Path) -> None:
    with serving(lambda number, handler: number == 1 and answers(handler, 503, Retry_After="2")) as url:
        started = time.perf_counter()
        with open_file(UPath(url), Patience(20, 1)) as stream:
            assert stream.read() == LINES
        # The file system asks twice by itself before it gives an error, so that this server is well by then or waits.
        assert time.perf_counter() - started < 20
    with serving(lambda number, handler: answers(handler, 503, Retry_After="1000")) as url:
        started = time.perf_counter()
        with pytest.raises(Unreachable, match="the server answers 503; tried 1 times within"):
            open_file(UPath(url), Patience(20, 5))
        assert time.perf_counter() - started < 10


@pytest.mark.parametrize(
    ("status", "expected"), [(403, PermissionError), (401, PermissionError), (404, FileNotFoundError)]
)
def test_a_refusal_is_not_asked_again(status: int, expected: type[OSError]) -> None:
    asked = []
    with (
        serving(lambda number, handler: bool(asked.append(number)) or answers(handler, status)) as url,
        pytest.raises(expected),
    ):
        open_file(UPath(url), Patience(20, 5))
    assert len(asked) <= 3


def test_attempts_are_counted_and_what_cannot_pass_is_raised_at_once() -> None:
    calls: list[int] = []

    def fails(error: Exception) -> None:
        calls.append(1)
        raise error

    with pytest.raises(Unreachable, match=r"the server does not answer \(cut\); tried 3 times"):
        patiently(lambda: fails(ConnectionResetError("cut")), Patience(60, 2))
    assert len(calls) == 3
    with pytest.raises(FileNotFoundError):
        patiently(lambda: fails(FileNotFoundError("gone")), Patience(60, 2))
    assert len(calls) == 4


@pytest.mark.parametrize(
    ("error", "may_pass"),
    [
        (OSError(errno.EIO, "Input/output error"), True),
        (PermissionError(errno.EACCES, "Permission denied"), True),
        (Unreachable("down"), True),
        (OSError("Invalid data stream"), False),
        (FileNotFoundError(errno.ENOENT, "gone"), False),
        (OSError(errno.ENAMETOOLONG, "File name too long"), False),
    ],
)
def test_failures_on_the_way_are_told_from_those_of_the_content(error: OSError, may_pass: bool) -> None:
    assert failed_on_the_way(error) is may_pass


def test_a_file_that_may_not_be_read_leaves_its_batch_to_be_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "1.txt").write_text("one", "utf-8")
    source = Source(kind="folder", path=str(tmp_path))
    (files,) = list_batches(source, Batches(), tmp_path).values()

    def refuse(path: Path, *how: object) -> None:
        raise PermissionError(13, "Permission denied")

    unread: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refuse)
        read_batch(source, files, batch="b", modality="text", unread=unread)
    assert unread == ["1.txt"]
    assert fingerprint(files, is_whole=False) != fingerprint(files) == fingerprint(files, is_whole=True)


def test_an_error_of_the_content_is_raised_as_it_is_and_is_not_its_own_cause() -> None:
    error = ValueError("no such protocol")

    def call() -> None:
        raise error

    with pytest.raises(ValueError, match="no such protocol") as raised:
        patiently(call, Patience(seconds=1.0, retries=2))
    assert raised.value is error
    assert error.__cause__ is None
