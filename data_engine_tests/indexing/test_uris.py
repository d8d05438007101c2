import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_engine.indexing import list_batches, read_batch
from data_engine.indexing.files import find_in_folder
from data_engine.indexing.source import Batches, Source
from data_engine.indexing.uris import is_a_name_of_files, named_apart, part_uri, path_of, splits_of, storable

ANY_TEXT = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=40)


@given(ANY_TEXT)
def test_any_text_becomes_one_that_tables_hold_and_sound_ones_stay(text: str) -> None:
    written = storable(text)
    written.encode("utf-8")
    assert "\0" not in written
    assert storable(written) == written
    if "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text):
        assert written == text


def test_bytes_of_file_names_and_lone_surrogates_are_written_out() -> None:
    assert storable("caf\udce9") == "caf\\xe9"
    assert storable("a\0b") == "a\\x00b"
    assert storable("\ud800 \udfff") == "\\ud800 \\udfff"
    assert storable("\x1b[31m\n") == "\x1b[31m\n"


@given(ANY_TEXT, ANY_TEXT)
def test_a_file_and_a_part_are_among_the_splits_of_their_uri(file: str, part: str) -> None:
    file, part = storable(file), storable(part)
    assert (file, part) in list(splits_of(part_uri(file, part)))


@pytest.mark.parametrize("name", [b"caf\xe9.txt", b"\xff#\xfe.txt", "é.txt".encode(), b"a\\x41.txt", b"# .txt"])
def test_a_file_is_found_again_whatever_bytes_its_name_has(name: bytes, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "in") + b"/" + name)).write_bytes(b"content")
    source = Source(kind="folder", path=str(tmp_path / "in"))
    (files,) = list_batches(source, Batches(), tmp_path).values()
    (row,) = read_batch(source, files, batch="b", modality="text").to_pylist()
    assert row["text"] == "content"
    assert find_in_folder(tmp_path / "in", source)(row["uri"], "{}") == b"content"


def test_a_name_is_not_decoded_where_a_file_has_it_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "\\x41").touch()
    assert path_of(tmp_path, "\\x41") == tmp_path / "\\x41"
    assert path_of(tmp_path, "\\x42") == tmp_path / "B"


def test_names_that_no_file_can_have() -> None:
    assert is_a_name_of_files("a/" + "b" * 255)
    assert not is_a_name_of_files("a/" + "b" * 256)
    assert not is_a_name_of_files("é" * 128)
    assert not is_a_name_of_files("a\0")


def test_a_name_that_is_taken_is_not_given_to_another() -> None:
    assert named_apart([("a.3", 0), ("b", 1), ("a", 2), ("a", 3), ("a", 4)]) == {
        "a.3": 0,
        "b": 1,
        "a": 2,
        "a.4": 3,
        "a.5": 4,
    }


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "a.2", "a.3", "b.2", ""]), st.integers()), max_size=12))
def test_pairs_told_apart_keep_every_value_and_the_first_its_name(pairs: list[tuple[str, int]]) -> None:
    apart = named_apart(pairs)
    assert sorted(apart.values()) == sorted(value for _, value in pairs)
    for name, value in reversed(pairs):
        first = next(number for other, number in pairs if other == name)
        assert value != first or apart[name] == first


def test_a_file_is_found_whose_name_holds_both_a_byte_that_is_no_utf8_and_what_looks_like_one(tmp_path: Path) -> None:
    name = os.fsdecode(b"a\\x41 \xff")
    (tmp_path / name).mkdir()
    (tmp_path / name / "b").write_text("here", "utf-8")
    uri = f"{storable(name)}/b"
    assert uri == "a\\x41 \\xff/b"
    assert path_of(tmp_path, uri).read_text("utf-8") == "here"
    assert path_of(tmp_path, "gone\\xff/b") == tmp_path / os.fsdecode(b"gone\xff") / "b"
