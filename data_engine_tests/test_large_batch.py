"""A batch whose texts are never in memory all at once: the same results, and no more memory for more pieces."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from small_pieces import take_in, use_small_pieces, write_source

from data_engine.duplicates.texts import search
from data_engine.embedding import caching
from data_engine.filtering import judged_rows, raw_rows
from data_engine.indexing import list_batches, read_in_order, samples
from data_engine.indexing.source import Batches, Source
from data_engine.runtime.steps import embeddings
from data_engine.storage import TableStore
from data_engine.storage.scratch import ordered_batches
from data_engine.storage.tables import parquet_files, table_scan
from data_engine.storage.tables.table_scan import pieces_of

_SIZES = [
    (samples, "_BYTES_PER_PIECE"),
    (ordered_batches, "IN_MEMORY_BYTES"),
    (ordered_batches, "WINDOW_BYTES"),
    (table_scan, "PIECE_BYTES"),
    (raw_rows, "PIECE_BYTES"),
    (parquet_files, "_ROW_GROUP_BYTES"),
    (search, "_CHARACTERS_PER_READ"),
    (search, "_CHARACTERS_PER_PIECE"),
    (judged_rows, "_ROWS_PER_BATCH"),
    (embeddings, "_ROWS_PER_BATCH"),
    (caching, "CHUNK"),
]


def test_a_batch_in_many_pieces_gives_the_rows_of_one_in_a_single_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("whole", "pieces"):
        write_source(tmp_path / folder, 60)
        for path in sorted((tmp_path / folder).rglob("*.jsonl")):
            os.utime(path, (1_700_000_000, 1_700_000_000))
    whole = take_in(tmp_path / "whole")
    for module, name in _SIZES:
        monkeypatch.setattr(module, name, getattr(module, name))
    use_small_pieces()
    assert take_in(tmp_path / "pieces") == whole
    assert set(whole) == {"raw_index", "first_pass", "embeddings"}


def _most_held(folder: Path, n: int) -> float:
    """Bytes of Arrow at most while the raw index of n texts, of 10 kB each, is read, sorted, written and scanned."""
    write_source(folder, n)
    source = Source(kind="jsonl", path=str(folder / "source"), pattern="**/*.jsonl", id_column="id")
    (files,) = list_batches(source, Batches(by="folder"), folder).values()
    before, held = pa.total_allocated_bytes(), list[int]()

    def watched(rows: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in rows:
            held.append(pa.total_allocated_bytes() - before)
            yield batch

    rows = read_in_order(source, files, batch="may", modality="text", scratch=folder)
    store = TableStore(folder / "data", "notes")
    store.write("raw_index", watched(rows), partition={"batch": "may"}, run_id="run", code_version="1")
    found = pieces_of(store.dataset("raw_index"), {"batch": "may"}, ["sample_id", "text"])
    assert sum(batch.num_rows for batch in watched(found)) == n
    return max(held)


def test_memory_does_not_grow_with_the_number_of_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in _SIZES:
        monkeypatch.setattr(module, name, getattr(module, name))
    use_small_pieces()
    few, many = _most_held(tmp_path / "few", 40), _most_held(tmp_path / "many", 240)
    # The texts of the larger batch are 2.1 MB more; a thread that reads ahead may hold a piece or two.
    assert many - few < 400_000
