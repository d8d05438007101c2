from pathlib import Path

import pytest

from data_engine.errors import StorageError
from data_engine.releasing.release_marks import (
    ReleaseMarks,
    drop_marks,
    mark_forgotten,
    pin_release,
    put_into_service,
    read_marks,
)

PIN = {"by": "ada", "why": "the paper", "at": "2026-01-01"}
GONE = {"sample_id": "s1", "at": "2026-01-02", "reason": "asked for"}


def test_nothing_is_marked_and_no_file_is_there_until_somebody_decides(tmp_path: Path) -> None:
    put_into_service(tmp_path, "")
    assert read_marks(tmp_path) == ReleaseMarks()
    assert list(tmp_path.iterdir()) == []


def test_marks_come_back_and_a_deleted_release_keeps_only_what_was_forgotten_of_it(tmp_path: Path) -> None:
    pin_release(tmp_path, "a", PIN)
    pin_release(tmp_path, "b", PIN)
    put_into_service(tmp_path, "a")
    mark_forgotten(tmp_path, "a", (GONE,))
    mark_forgotten(tmp_path, "a", ({**GONE, "sample_id": "s2"},))
    forgotten = {"a": (GONE, {**GONE, "sample_id": "s2"})}
    assert read_marks(tmp_path) == ReleaseMarks("a", {"a": PIN, "b": PIN}, forgotten)
    pin_release(tmp_path, "b", None)
    drop_marks(tmp_path, "a")
    assert read_marks(tmp_path) == ReleaseMarks("", {}, forgotten)


def test_a_damaged_file_is_an_error_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "release_marks.json").write_text("[]", "utf-8")
    with pytest.raises(StorageError, match=r"cannot be read .* restore that file from a backup, or remove it and pin"):
        read_marks(tmp_path)
