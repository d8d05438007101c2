import gc
import os
from pathlib import Path

import numpy as np
import pytest

from data_engine.errors import StorageError
from data_engine.storage.scratch.scratch_file import ScratchFile, runs_of


def test_bytes_are_read_from_any_place_and_the_folder_shows_no_file(tmp_path: Path) -> None:
    file = ScratchFile(tmp_path / "new")
    assert (file.add(b"one"), file.add(memoryview(b"three"))) == (0, 3)
    file.put(20, b"far")
    assert (file.read(3, 5), file.read(0, 3), file.read(20, 3), file.n_bytes) == (b"three", b"one", b"far", 8)
    assert list((tmp_path / "new").iterdir()) == []


def test_reading_past_the_end_is_an_error_and_no_short_answer(tmp_path: Path) -> None:
    file = ScratchFile(tmp_path)
    file.add(b"one")
    with pytest.raises(StorageError, match="ends 2 bytes too early; run the step again"):
        file.read(1, 4)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(StorageError, match=r"keeping rows on disk while a step works failed at .*taken"):
        ScratchFile(tmp_path / "taken")


def test_the_file_is_closed_with_its_object(tmp_path: Path) -> None:
    file = ScratchFile(tmp_path)
    descriptor = file._file
    os.fstat(descriptor)
    del file
    gc.collect()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_runs_are_rows_that_follow_one_another() -> None:
    assert list(runs_of(np.array([4, 5, 6, 2, 3, 9]))) == [(0, 3), (3, 5), (5, 6)]
    assert list(runs_of(np.array([], np.int64))) == []
