import bz2
import gzip
import io
import lzma
from pathlib import Path
from typing import Any

import pytest

from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.opening import unpacking as module
from data_engine.indexing.source import Batches, Source
from data_engine.indexing.source_files import is_packed, open_file


def rows_of(source: Source, root: Path) -> dict[str, list[dict[str, Any]]]:
    return {
        key: read_batch(source, files, batch=key, modality="text").to_pylist()
        for key, files in list_batches(source, Batches(), root).items()
    }


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_a_packed_file_is_known_by_its_first_bytes_and_can_be_read_from_any_place(pack: Any, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(pack(b"0123456789"))
    assert is_packed(tmp_path / "a")
    with open_file(tmp_path / "a") as stream:
        assert stream.read(4) == b"0123"
        assert stream.seek(8) == 8
        assert stream.read() == b"89"
    (tmp_path / "plain").write_bytes(b"0123")
    assert not is_packed(tmp_path / "plain")
    with open_file(tmp_path / "plain") as stream:
        assert isinstance(stream, io.BufferedReader)
        assert stream.read() == b"0123"


def test_what_unpacks_to_far_more_than_it_is_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ALWAYS_ALLOWED_BYTES", 1000)
    (tmp_path / "a.gz").write_bytes(gzip.compress(bytes(10_000_000)))
    with (
        open_file(tmp_path / "a.gz") as stream,
        pytest.raises(OSError, match="to more than 200 times its size"),
    ):
        stream.read()


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_packed_lines_are_unpacked_whatever_packed_them(pack: Any, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl.packed").write_bytes(pack(b'{"text": "one"}\n'))
    (rows,) = rows_of(Source(kind="jsonl", path=str(tmp_path)), tmp_path).values()
    assert [row["text"] for row in rows] == ["one"]


def test_truncated_packing_is_named_and_what_was_read_stays(tmp_path: Path) -> None:
    lines = b"".join(b'{"text": "text number %d"}\n' % number for number in range(60_000))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines)[:-4000])
    (rows,) = rows_of(Source(kind="jsonl", path=str(tmp_path)), tmp_path).values()
    broken = [row for row in rows if not row["is_readable"]]
    assert [row["uri"] for row in broken] == ["a.jsonl.gz"]
    assert "Compressed file ended before" in broken[0]["error"]
    assert len(rows) > 10_000
