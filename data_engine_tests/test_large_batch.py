"""A batch whose texts are never in memory all at once: the same results, and no more memory for more pieces."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import small_pieces
from small_pieces import take_in, use_small_pieces, write_source

from data_engine.duplicates.texts import search
from data_engine.embedding import caching
from data_engine.filtering import judged_rows, raw_rows
from data_engine.indexing import samples
from data_engine.runtime.steps import embeddings
from data_engine.storage.scratch import ordered_batches
from data_engine.storage.tables import parquet_files, table_scan

_SIZES = [
    (samples, "_BYTES_PER_PIECE"),
    (ordered_batches, "IN_MEMORY_BYTES"),
    (ordered_batches, "WINDOW_BYTES"),
    (table_scan, "PIECE_BYTES"),
    (raw_rows, "PIECE_BYTES"),
    (parquet_files, "_ROW_GROUP_BYTES"),
    (search, "_CHARACTERS_PER_READ"),
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


def _peaks(folder: Path, n: int) -> dict[str, float]:
    """MB at most while n texts are taken in, of about 10 kB each."""
    path = os.pathsep.join(sys.path)
    command = [sys.executable, small_pieces.__file__, str(folder), str(n)]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": path}, stdout=subprocess.PIPE, check=True)
    peaks: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return peaks


def test_memory_does_not_grow_with_the_number_of_pieces(tmp_path: Path) -> None:
    few, many = _peaks(tmp_path / "few", 40), _peaks(tmp_path / "many", 240)
    # 200 texts more, which are 2.1 MB; all that is held of a row is below 3 kB, and a piece is 0.07 MB.
    grown = {name: many[name] - few[name] for name in few}
    assert grown["arrow"] < 0.7, grown
    assert grown["python"] < 0.9, grown
