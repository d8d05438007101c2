import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from PIL import Image

from data_engine import schemas
from data_engine.errors import SourceError
from data_engine.indexing import list_batches, read_batch, read_in_order, samples
from data_engine.indexing.source import Batches, Source
from data_engine.storage.scratch import ordered_batches


def read(root: Path, kind: str = "folder", modality: Any = "text", **settings: Any) -> list[dict[str, Any]]:
    source = Source(kind=kind, path=str(root), **settings)
    files = [file for batch in list_batches(source, Batches(), root).values() for file in batch]
    rows: list[dict[str, Any]] = read_batch(source, files, batch="b", modality=modality).to_pylist()
    return rows


def write_image(path: Path, colour: str = "red") -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), colour).save(path)
    return path.read_bytes()


def test_names_of_folders_become_columns(tmp_path: Path) -> None:
    write_image(tmp_path / "train" / "hat" / "1.png")
    write_image(tmp_path / "2.png", "blue")
    rows = read(tmp_path, modality="image", uri_pattern="(?P<split>[^/]+)/(?P<kind>[^/]+)/")
    assert [json.loads(row["metadata"]) for row in rows] == [{}, {"split": "train", "kind": "hat"}]


def test_settings_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_text("x", "utf-8")
    with pytest.raises(SourceError, match="use kind folder for images"):
        read(tmp_path, kind="front_matter", modality="image")
    with pytest.raises(SourceError, match="remove keep_where_any or use kind front_matter"):
        read(tmp_path, keep_where_any=("good",))


def test_progress_counts_files(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text(name, "utf-8")
    source = Source(kind="folder", path=str(tmp_path))
    (files,) = list_batches(source, Batches(), tmp_path).values()
    seen: list[tuple[int, int]] = []
    read_batch(source, files, batch="b", modality="text", progress=lambda done, n_files: seen.append((done, n_files)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_no_files_give_an_empty_raw_index() -> None:
    table = read_batch(Source(kind="folder", path="."), [], batch="b", modality="text")
    assert table.schema.equals(schemas.RAW_INDEX)
    assert table.num_rows == 0


def test_a_file_that_is_gone_is_one_row_and_the_others_are_read(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(name, "utf-8")
    source = Source(kind="folder", path=str(tmp_path))
    (files,) = list_batches(source, Batches(), tmp_path).values()
    (tmp_path / "a").unlink()
    gone, there = read_batch(source, files, batch="b", modality="text").to_pylist()
    assert (gone["uri"], gone["is_readable"], gone["error"]) == ("a", False, "vanished between listing and reading")
    assert (there["uri"], there["text"], there["batch"]) == ("b", "b", "b")


@pytest.mark.parametrize("piece", [300, 1 << 20])
def test_rows_that_pass_through_the_disk_are_those_that_are_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    for name in ("b", "a"):
        lines = [json.dumps({"text": f"text {n} of {name}" * (n % 3), "n": n}) for n in range(23)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join([*lines, "{broken"]), "utf-8")
    source = Source(kind="jsonl", path=str(tmp_path), pattern="*.jsonl")
    files = [file for batch in list_batches(source, Batches(), tmp_path).values() for file in batch]
    at_once = read_batch(source, files, batch="b", modality="text")
    monkeypatch.setattr(samples, "_BYTES_PER_PIECE", piece)
    monkeypatch.setattr(ordered_batches, "IN_MEMORY_BYTES", piece)
    monkeypatch.setattr(ordered_batches, "WINDOW_BYTES", piece)
    told: list[tuple[int, int]] = []
    rows = read_in_order(
        source, files, batch="b", modality="text", scratch=tmp_path / "new", progress=lambda *n: told.append(n)
    )
    assert pa.Table.from_batches(rows).equals(at_once)
    assert (len(rows), rows.n_unreadable, told) == (48, 2, [(1, 2), (2, 2)])
    assert (len(list(rows)) > 1) == (piece == 300)


def test_a_batch_without_rows_is_in_order(tmp_path: Path) -> None:
    source = Source(kind="jsonl", path=str(tmp_path), pattern="*.jsonl")
    rows = read_in_order(source, [], batch="b", modality="text", scratch=tmp_path)
    assert (list(rows), len(rows), rows.n_unreadable) == ([], 0, 0)


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("jsonl", b"", "gives nothing: the file holds no rows; remove it or fetch it again"),
        ("csv", b"text,label\n", "gives nothing: the file holds no rows; remove it or fetch it again"),
        ("webdataset", bytes(10240), "gives nothing: the archive holds no file; remove it or pack it again"),
        (
            "jsonl",
            b'["a", "b"]\n',
            "gives nothing: none of its 1 samples can be read, the first because file line 1 holds",
        ),
        (
            "jsonl",
            b'{\n"text":\n1}\n',
            "gives nothing: none of its 3 samples can be read, the first because file line 1",
        ),
        (
            "csv",
            b"text,label\nx\ny\n",
            "gives nothing: none of its 2 samples can be read, the first because file line 2",
        ),
        ("jsonl", b"PK\x03\x04rest", "breaks off after its start (it is packed by zip"),
    ],
)
def test_a_file_of_rows_in_which_nothing_can_be_read_is_said_to_give_nothing(
    kind: str, content: bytes, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_bytes(content)
    errors = [str(row["error"]) for row in read(tmp_path, kind)]
    assert sum(error.startswith(expected) for error in errors) == 1, errors
    assert read(tmp_path, kind)[0]["uri"] == "file"


def test_a_file_with_one_sample_that_can_be_read_or_one_that_is_a_single_sample_is_no_such_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b'no json\n{"text": "one"}\nno json\n')
    assert [row["error"] is None for row in read(tmp_path, "jsonl")] == [False, True, False]
    (tmp_path / "file").write_bytes(b"no json\n")
    assert [row["uri"] for row in read(tmp_path, "jsonl")] == ["file#1"]
    (tmp_path / "file").write_bytes(b"\0" * 9)
    assert [row["error"] for row in read(tmp_path, "folder")] == ["binary content"]
