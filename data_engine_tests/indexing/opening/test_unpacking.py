import bz2
import gzip
import lzma
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.source import Batches, Source
from data_engine.indexing.source_files import open_file

LINES = b"".join(b'{"text": "text number %d"}\n' % number for number in range(30_000))


def zstd(content: bytes) -> bytes:
    packed: bytes = pa.compress(content, "zstd", asbytes=True)
    return packed


PACKERS = [gzip.compress, bz2.compress, lzma.compress, zstd]


def rows_of(folder: Path, kind: str = "jsonl") -> list[dict[str, Any]]:
    source = Source(kind=kind, path=str(folder))
    (files,) = list_batches(source, Batches(), folder).values()
    rows: list[dict[str, Any]] = read_batch(source, files, batch="b", modality="text").to_pylist()
    return rows


@pytest.mark.parametrize("pack", PACKERS)
def test_packed_rows_are_read_whatever_packed_them(pack: Any, tmp_path: Path) -> None:
    (tmp_path / "a.packed").write_bytes(pack(LINES))
    rows = rows_of(tmp_path)
    assert len(rows) == 30_000
    assert all(row["is_readable"] for row in rows)
    with open_file(tmp_path / "a.packed") as stream:
        assert stream.read(10) == LINES[:10]
        assert stream.read() == LINES[10:]


@pytest.mark.parametrize("pack", PACKERS)
def test_truncated_packing_breaks_off_and_is_no_matter_of_the_way(pack: Any, tmp_path: Path) -> None:
    (tmp_path / "a.packed").write_bytes(pack(LINES)[:-100])
    (broken,) = [row for row in rows_of(tmp_path) if not row["is_readable"]]
    assert broken["error"].startswith("breaks off after ")
    assert broken["error"].endswith("what follows is lost: repair the file or fetch it again")


@pytest.mark.parametrize("pack", PACKERS)
def test_several_packed_pieces_one_after_the_other_are_one_file(pack: Any, tmp_path: Path) -> None:
    (tmp_path / "a.packed").write_bytes(pack(b'{"text": "one"}\n') + pack(b'{"text": "two"}\n'))
    assert [row["text"] for row in rows_of(tmp_path)] == ["one", "two"]


@pytest.mark.parametrize("pack", PACKERS)
def test_a_bomb_is_stopped(pack: Any, tmp_path: Path) -> None:
    (tmp_path / "a.packed").write_bytes(pack(bytes(100_000_000)))
    (row,) = rows_of(tmp_path)
    assert "unpacks to more than 200 times its size" in row["error"]


@pytest.mark.parametrize(
    ("start", "name"), [(b"PK\x03\x04", "zip"), (b"7z\xbc\xaf\x27\x1c", "7-Zip"), (b"\x04\x22\x4d\x18", "LZ4")]
)
@pytest.mark.parametrize("kind", ["jsonl", "csv", "webdataset"])
def test_a_file_of_rows_that_is_packed_otherwise_is_named_with_the_remedy(
    start: bytes, name: str, kind: str, tmp_path: Path
) -> None:
    (tmp_path / "a").write_bytes(start + bytes(2000))
    (row,) = rows_of(tmp_path, kind)
    assert row["error"].startswith(
        f"breaks off after its start (it is packed by {name}, which is not read; unpack it, or pack it by gzip, bzip2,"
    )
