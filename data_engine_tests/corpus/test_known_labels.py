"""From a value of the metadata to a class: right, or none."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_engine.corpus.known_labels import ClassNames, label_text, tidy


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (3, "3"),
        (3.0, "3"),
        (-0.0, "0"),
        (2.5, "2.5"),
        (1e300, "1e+300"),
        (True, "true"),
        (False, "false"),
        ("0", "0"),
        (" Baking ", "Baking"),
        ("Cafe\u0301", "Café"),
        (["baking"], "baking"),
        ([[0]], "0"),
        (["b", "a"], '["b", "a"]'),
        ({"b": 1, "a": "é"}, '{"a": "é", "b": 1}'),
        (None, None),
        (float("nan"), None),
        ("", None),
        (" \t", None),
        ([], None),
        ([None], None),
        ({}, None),
    ],
)
def test_a_value_has_one_text_or_says_nothing(value: Any, text: str | None) -> None:
    assert label_text(value) == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("baking", "baking"),
        (" BAKING", "baking"),
        ("Fine   arts", "fine arts"),
        ("Cafe\u0301", "Café"),
        ("CAFÉ", "Café"),
        ("STRASSE", "Straße"),
        ("3.0", "3"),
        ("0", "0"),
        ("Polish", "Polish"),
        ("polish", "polish"),
        ("POLISH", None),
        ("bak", None),
        ("3.5", None),
    ],
)
def test_a_text_is_the_class_of_its_name_or_the_only_one_that_is_near(text: str, name: str | None) -> None:
    classes = ["baking", "fine arts", "Café", "Straße", "0", "3", "Polish", "polish"]
    assert ClassNames(classes).find(text) == name


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@given(_VALUES)
def test_every_value_has_a_tidy_text_that_is_its_own_text_again(value: Any) -> None:
    text = label_text(value)
    assert text is None or (text != "" and text == tidy(text) == label_text(text) == label_text([value]))


@given(st.lists(st.text(min_size=1).map(tidy).filter(bool), min_size=2, unique=True), st.data())
def test_a_class_is_found_by_its_name_in_any_normal_form_with_space_around(classes: list[str], data: Any) -> None:
    name = data.draw(st.sampled_from(classes))
    form = data.draw(st.sampled_from(["NFC", "NFD"]))
    assert ClassNames(classes).find(f" {unicodedata.normalize(form, name)}\n") == name


@given(st.lists(st.text("abcAB 01.", min_size=1).map(tidy).filter(bool), min_size=2, unique=True), st.text("abcAB 01."))
def test_only_a_class_that_is_the_only_near_one_is_found(classes: list[str], text: str) -> None:
    found = ClassNames(classes).find(text)
    near = {name for name in classes if "".join(name.lower().split()) == "".join(text.lower().split())}
    if tidy(text) in classes:
        assert found == tidy(text)
    elif found is not None and "." not in found + text:
        assert found in near


@given(st.integers(-(2**53) + 1, 2**53 - 1))
def test_a_number_is_the_class_of_its_digits_whether_whole_or_fraction_or_in_a_list(number: int) -> None:
    names = ClassNames([str(number), "other"])
    for value in (number, float(number), [number], str(number), f"{number}.0"):
        assert names.find(label_text(value) or "") == str(number)
