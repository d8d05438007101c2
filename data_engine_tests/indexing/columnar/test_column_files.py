from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dying_work import parquet_or_obey

from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.columnar import column_files
from data_engine.indexing.source import Batches, Source


def read(folder: Path, **settings: Any) -> list[dict[str, Any]]:
    source = Source(kind="parquet", path=str(folder), **settings)
    (files,) = list_batches(source, Batches(), folder).values()
    rows: list[dict[str, Any]] = read_batch(source, files, batch="b", modality="text").to_pylist()
    return rows


@pytest.mark.parametrize(("word", "said"), [("crash", "was killed by signal 11"), ("hang", "gave no sign of life")])
def test_a_row_that_ends_the_process_breaks_its_file_off_and_the_other_files_are_read(
    word: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(column_files, "read_parquet", parquet_or_obey)
    pq.write_table(pa.table({"text": ["one", "two", word, "four"]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": ["five"]}), tmp_path / "b.parquet")
    rows = read(tmp_path, max_sample_s=1.0)
    assert [row["text"] for row in rows if row["is_readable"]] == ["one", "two", "five"]
    (broken,) = [row for row in rows if not row["is_readable"]]
    assert broken["uri"] == "a.parquet"
    assert broken["error"].startswith("breaks off after row 2 (the reader ")
    assert said in broken["error"]


def test_a_file_that_unfolds_to_more_than_the_memory_it_may_take_is_read_in_pieces(tmp_path: Path) -> None:
    pq.write_table(pa.table({"text": ["x" * 1_000_000] * 600}), tmp_path / "a.parquet", compression="zstd")
    assert (tmp_path / "a.parquet").stat().st_size < 10_000_000
    source = Source(kind="parquet", path=str(tmp_path), max_reader_bytes=1 << 29)
    ((file,),) = list_batches(source, Batches(), tmp_path).values()
    numbers = [row.number for row in column_files.parquet_rows(file, source, ["text"]) if row.error is None]
    assert numbers == list(range(1, 601))


def test_a_text_that_is_not_utf8_is_one_unreadable_row(tmp_path: Path) -> None:
    offsets = pa.array([0, 1, 4, 5], pa.int32()).buffers()[1]
    broken = pa.Array.from_buffers(pa.string(), 3, [None, offsets, pa.py_buffer(b"af\xe9gz")])
    pq.write_table(pa.table({"text": broken, "note": broken}), tmp_path / "a.parquet")
    first, second, third = read(tmp_path)
    assert (first["text"], third["text"]) == ("a", "z")
    assert second["error"] == "a.parquet row 2: the text of column 'text' is not UTF-8; save it as UTF-8"
    rows = read(tmp_path, text_column="note")
    assert [row["is_readable"] for row in rows] == [True, False, True]


def test_a_packed_file_is_read_like_a_plain_one(tmp_path: Path) -> None:
    import gzip

    pq.write_table(pa.table({"text": ["one", "two"]}), tmp_path / "a.parquet")
    plain = read(tmp_path)
    (tmp_path / "a.parquet").write_bytes(gzip.compress((tmp_path / "a.parquet").read_bytes()))
    assert [row["text"] for row in read(tmp_path)] == [row["text"] for row in plain] == ["one", "two"]
