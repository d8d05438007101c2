import re
from pathlib import Path

import pytest

from data_engine.corpus.class_file import (
    check_chains,
    check_names,
    check_number,
    check_renamed,
    check_special_classes,
    read_classes,
)
from data_engine.errors import InvalidInput, SourceMissing


@pytest.mark.parametrize(
    "content",
    [
        "baking\nCafé\n".encode(),
        b"\xef\xbb\xbfbaking\r\nCafe\xcc\x81\r\n",
        "baking\n\n  Café ".encode("utf-16"),
        "baking\rCafé".encode(),
    ],
)
def test_marks_line_ends_and_normal_forms_make_no_other_class(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "classes.txt"
    path.write_bytes(content)
    assert read_classes(path) == ("baking", "Café")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a\nb\n a \n", ":3: the class 'a' stands in line 1 too; keep each class once"),
        ("Café\nx\nCafe\u0301".encode(), ":3: the class 'Café' stands in line 1 too"),
        (b"a\nb\xff\n", ":2: is no text in UTF-8"),
        ("a\nb".encode("utf-16-le"), ":1: has a character of value 0; save the file as UTF-8"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "classes.txt"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=re.escape(f"{path}{sentence}")):
        read_classes(path)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"names the file 'classes\.txt', which is not beside the YAML file"):
        read_classes(tmp_path / "classes.txt")


def test_a_question_has_two_answers() -> None:
    check_number(["a", "b"])
    with pytest.raises(ValueError, match="classes has 1 entries; a question needs at least 2 possible answers"):
        check_number(["a"])


def test_the_class_for_everything_else_is_a_class() -> None:
    check_special_classes(["a", "b"], other="b", out_of_scope=None)
    with pytest.raises(ValueError, match="other is 'c', which is no class; add it to classes \\('a', 'b'\\)"):
        check_special_classes(["a", "b"], other="c", out_of_scope=None)
    with pytest.raises(ValueError, match="out_of_scope is 'c', which is no class"):
        check_special_classes(["a", "b"], other=None, out_of_scope="c")


@pytest.mark.parametrize(
    ("renamed", "sentence"),
    [
        ({"a": "b", "b": "c"}, "renamed has a chain: 'a' -> 'b' -> 'c'; give each old name the last one, 'a': 'c'"),
        (
            {"a": "b", "b": "a"},
            "renamed goes in a circle: 'a' -> 'b' -> 'a'; keep the entry whose new name is in classes",
        ),
        ({"a": "a"}, "renamed says that 'a' is now 'a', which is the same name; remove the entry"),
        ({"a": ""}, "renamed says 'a': ''; give both names, or remove the entry"),
    ],
)
def test_every_old_name_leads_to_its_new_one_in_one_step(renamed: dict[str, str], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        check_chains(renamed)


def test_two_old_names_may_become_one_class_and_old_names_are_none_any_more() -> None:
    check_chains({"a": "c", "b": "c"})
    check_renamed({"a": "c", "b": "c"}, ["c", "d"])
    with pytest.raises(ValueError, match="'a' is now 'x', which is no class; add 'x' to classes"):
        check_renamed({"a": "x"}, ["c", "d"])
    with pytest.raises(ValueError, match="'c' is now 'd', but 'c' is a class; remove one of the two"):
        check_renamed({"c": "d"}, ["c", "d"])


@pytest.mark.parametrize("name", ["a\0b", "\u202eab", "a\u200b", "ab\x1b[2J", "a\ufeffb"])
def test_a_name_with_a_character_that_nobody_sees_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"holds the character U\+[0-9A-F]{4}, which nobody sees; remove it"):
        check_names(["plain", name])
    path = tmp_path / "classes.txt"
    path.write_text(f"plain\n{name}\n", "utf-8")
    with pytest.raises(
        InvalidInput, match=r"classes\.txt:2: (the class .* which nobody sees|has a character of value 0)"
    ):
        read_classes(path)


def test_names_with_quotes_commas_brackets_and_joiners_are_names() -> None:
    check_names(
        [
            "a, b",
            "c\"d'",
            "[x]",
            "\u05e9\u05dc\u05d5\u05dd",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\U0001f469\u200d\U0001f52c",
        ]
    )
