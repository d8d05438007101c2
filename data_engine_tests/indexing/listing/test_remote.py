import functools
import gzip
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer
from upath import UPath

from data_engine.errors import SourceError, SourceMissing
from data_engine.indexing import fingerprint, list_batches, read_batch
from data_engine.indexing.source import Batches, Source


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_url: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> UPath:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("TEST_S3_URL", s3_url)
    name = f"b{abs(hash(request.node.name)) % 10**9}"
    made = UPath(f"s3://{name}", endpoint_url=s3_url)
    made.mkdir()
    return made


def s3_source(bucket: UPath, **settings: Any) -> Source:
    settings = {"kind": "folder", "pattern": "**/*.txt", **settings}
    return Source(path=str(bucket), storage_options={"endpoint_url": "$TEST_S3_URL"}, **settings)


@pytest.fixture
def http_folder(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    served = tmp_path / "served"
    served.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(served)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", served
    server.shutdown()
    thread.join()
    server.server_close()


def rows_of(source: Source, folder: Path, modality: Any = "text") -> dict[str, list[dict[str, Any]]]:
    batches = list_batches(source, Batches(), folder)
    return {
        batch: read_batch(source, files, batch=batch, modality=modality).to_pylist() for batch, files in batches.items()
    }


def test_a_bucket_is_listed_in_batches_and_read(bucket: UPath, tmp_path: Path) -> None:
    for name, text in (("may/1.txt", b"one"), ("june/2.txt", b"two"), ("june/.hidden.txt", b"no"), ("x.csv", b"no")):
        (bucket / name).write_bytes(text)
    source = s3_source(bucket)
    rows = rows_of(source, tmp_path)
    assert {batch: [(row["uri"], row["text"]) for row in of_batch] for batch, of_batch in rows.items()} == {
        "june": [("june/2.txt", "two")],
        "may": [("may/1.txt", "one")],
    }
    assert abs(rows["may"][0]["arrived_at"] - datetime.now(UTC)) < timedelta(hours=1)


def test_a_changed_object_changes_the_fingerprint_of_its_batch(bucket: UPath, tmp_path: Path) -> None:
    source = s3_source(bucket)
    (bucket / "1.txt").write_bytes(b"one")
    (first,) = list_batches(source, Batches(), tmp_path).values()
    (bucket / "1.txt").write_bytes(b"two")
    (second,) = list_batches(source, Batches(), tmp_path).values()
    assert fingerprint(first) != fingerprint(second)
    assert first[0].version != second[0].version != ""


def test_an_object_that_vanishes_after_listing_is_an_unreadable_sample(bucket: UPath, tmp_path: Path) -> None:
    source = s3_source(bucket)
    (bucket / "1.txt").write_bytes(b"one")
    (bucket / "2.txt").write_bytes(b"two")
    (files,) = list_batches(source, Batches(), tmp_path).values()
    (bucket / "2.txt").unlink()
    rows = read_batch(source, files, batch="b", modality="text").to_pylist()
    assert [(row["uri"], row["text"], row["error"]) for row in rows] == [
        ("1.txt", "one", None),
        ("2.txt", None, "vanished between listing and reading"),
    ]


def test_rows_of_a_packed_object_are_read_line_by_line(bucket: UPath, tmp_path: Path) -> None:
    (bucket / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "one"}\n{"text": "two"}\n'))
    (rows,) = rows_of(s3_source(bucket, kind="jsonl", pattern="**/*"), tmp_path).values()
    assert [(row["uri"], row["text"]) for row in rows] == [("a.jsonl.gz#1", "one"), ("a.jsonl.gz#2", "two")]


def test_an_empty_bucket_and_a_host_that_does_not_answer_are_clear_errors(bucket: UPath, tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"holds no file; create it or change source\.path"):
        list_batches(s3_source(bucket), Batches(), tmp_path)
    nobody = Source(kind="folder", path="http://127.0.0.1:9/notes")
    with pytest.raises(SourceError, match=r"127\.0\.0\.1:9/notes"):
        list_batches(nobody, Batches(), tmp_path)


def test_an_unknown_kind_of_url_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere://x cannot be opened.*check source\.path"):
        list_batches(Source(kind="folder", path="nowhere://x"), Batches(), tmp_path)


def test_a_file_on_a_web_server_is_read(http_folder: tuple[str, Path], tmp_path: Path) -> None:
    url, served = http_folder
    (served / "notes.jsonl").write_bytes(b'{"text": "one"}\n{"text": "two"}\n')
    (rows,) = rows_of(Source(kind="jsonl", path=f"{url}/notes.jsonl"), tmp_path).values()
    assert [(row["uri"], row["text"]) for row in rows] == [("notes.jsonl#1", "one"), ("notes.jsonl#2", "two")]


def test_a_folder_by_its_file_url_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_text("one")
    (rows,) = rows_of(Source(kind="folder", path=f"file://{tmp_path}"), tmp_path).values()
    assert [(row["uri"], row["text"]) for row in rows] == [("1.txt", "one")]
