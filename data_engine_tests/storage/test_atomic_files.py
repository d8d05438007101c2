from pathlib import Path

import pytest

from data_engine.storage.atomic_files import (
    delete_folder,
    new_folder,
    place_folder,
    replace_file,
    write_bytes,
    write_text,
)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_text_and_bytes_are_written_as_they_are_into_a_folder_that_may_be_missing(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "a.txt", "ü\r\nb\n")
    write_bytes(tmp_path / "new" / "b.bin", b"\0\r\n")

    assert (tmp_path / "new" / "a.txt").read_bytes() == b"\xc3\xbc\r\nb\n"
    assert (tmp_path / "new" / "b.bin").read_bytes() == b"\0\r\n"
    assert _names(tmp_path / "new") == ["a.txt", "b.bin"]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    def half(path: Path) -> None:
        path.write_text("half")
        raise OSError("No space left on device")

    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(OSError, match="No space left"):
        replace_file(tmp_path / "a.txt", half)

    assert (tmp_path / "a.txt").read_text() == "old"
    assert _names(tmp_path) == ["a.txt"]


def test_a_reader_sees_the_old_file_until_the_new_one_is_whole(tmp_path: Path) -> None:
    seen = []

    def look(path: Path) -> None:
        path.write_text("new")
        seen.append((tmp_path / "a.txt").read_text())

    write_text(tmp_path / "a.txt", "old")
    replace_file(tmp_path / "a.txt", look)

    assert [*seen, (tmp_path / "a.txt").read_text()] == ["old", "new"]


def test_a_folder_is_placed_whole_and_the_second_one_does_not_change_it(tmp_path: Path) -> None:
    place = tmp_path / "made" / "r1"
    moved = []
    for text in ("first", "second"):
        with new_folder(place) as folder:
            (folder / "inner").mkdir()
            (folder / "inner" / "a.txt").write_text(text)
            moved.append(place_folder(folder, place))

    assert moved == [True, False]
    assert (place / "inner" / "a.txt").read_text() == "first"
    assert _names(tmp_path / "made") == ["r1"]


def test_a_folder_that_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "a.txt").touch()
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"), new_folder(tmp_path / "r1") as folder:
        fail(folder)

    assert _names(tmp_path) == []


def test_a_folder_is_deleted_whole(tmp_path: Path) -> None:
    (tmp_path / "r1" / "inner").mkdir(parents=True)
    (tmp_path / "r1" / "inner" / "a.txt").touch()
    delete_folder(tmp_path / "r1")
    assert _names(tmp_path) == []
