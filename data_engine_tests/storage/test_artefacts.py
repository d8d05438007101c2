import os
from pathlib import Path

import pytest
from flipped_bits import flip_a_bit

from data_engine.errors import StorageError
from data_engine.storage.artefacts import Artefacts


def test_what_is_kept_under_a_name_comes_back_and_another_name_holds_nothing(anywhere: Path) -> None:
    kept = Artefacts(anywhere / "learnt")
    assert kept.get("junk-1") is None
    kept.put("junk-1", b"weights")
    assert kept.get("junk-1") == b"weights"
    assert kept.get("junk-2") is None


def test_a_new_one_takes_the_place_of_those_whose_names_match_and_of_no_others(anywhere: Path) -> None:
    kept = Artefacts(anywhere)
    for name in ("junk-1", "junk-2", "lines-1"):
        kept.put(name, b"old")
    kept.put_instead("junk-2", b"new", of="junk-*")
    assert {path.name: kept.get(path.name) for path in anywhere.iterdir()} == {"junk-2": b"new", "lines-1": b"old"}


def test_of_those_whose_names_match_only_the_newest_stay(tmp_path: Path) -> None:
    kept = Artefacts(tmp_path)
    kept.put("lines-1", b"other")
    for number in range(4):
        kept.put_among(f"junk-{number}", b"old", of="junk-*", at_most=2)
        os.utime(tmp_path / f"junk-{number}", (number, number))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["junk-2", "junk-3", "lines-1"]


def test_a_folder_that_takes_no_files_is_an_error_that_says_what_was_kept_where(tmp_path: Path) -> None:
    (tmp_path / "learnt").write_bytes(b"a file")
    with pytest.raises(StorageError, match=r"keeping junk-1 failed at .*learnt: .*nothing was changed"):
        Artefacts(tmp_path / "learnt").put("junk-1", b"weights")


def test_a_name_that_is_a_folder_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "junk-1").mkdir()
    with pytest.raises(StorageError, match=r"reading junk-1 failed at .*otherwise run it again"):
        Artefacts(tmp_path).get("junk-1")


def test_one_flipped_bit_makes_it_missing_and_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept = Artefacts(tmp_path)
    kept.put("junk-1", b"weights")
    flip_a_bit(tmp_path / "junk-1", lambda _: 3)
    assert kept.get("junk-1") is None
    assert f"{tmp_path / 'junk-1'} is damaged and is computed anew" in caplog.text
    kept.put("junk-1", b"weights")
    assert kept.get("junk-1") == b"weights"


def test_names_are_looked_for_by_a_pattern(anywhere: Path) -> None:
    artefacts = Artefacts(anywhere / "learnt")
    assert not artefacts.has_any("junk-*")
    artefacts.put("junk-1", b"model")
    assert artefacts.has_any("junk-*")
    assert not artefacts.has_any("tree-*")
