"""Which class is meant by what was typed."""

import pytest

from data_engine.terminal.class_choice import Choice, chosen, listed

CLASSES = ("baking", "ballet", "Trains", "other")


@pytest.mark.parametrize(
    ("said", "name"),
    [("baking", "baking"), ("1", "baking"), ("3", "Trains"), ("t", "Trains"), ("TRAINS", "Trains"), ("o", "other")],
)
def test_one_class_is_meant(said: str, name: str) -> None:
    assert chosen(said, CLASSES) == Choice(name)


def test_what_may_mean_several_is_asked_for() -> None:
    assert chosen("ba", CLASSES) == Choice(near=("baking", "ballet"))
    assert chosen("5", CLASSES).name is None
    assert chosen("0", CLASSES).name is None
    assert chosen("", CLASSES).name is None


def test_a_guess_is_only_offered() -> None:
    found = chosen("trians", CLASSES)
    assert (found.name, found.near[0], found.is_guess) == (None, "Trains", True)
    assert not chosen("zzz", CLASSES).is_guess


def test_classes_that_are_numbers_go_by_their_names() -> None:
    digits = ("7", "1", "0")
    assert chosen("1", digits) == Choice("1")
    assert chosen("2", digits).name is None
    assert listed(digits) == "7   1   0"
    assert listed(("a", "b")) == "1 a   2 b"


def test_classes_that_differ_by_case_go_by_their_exact_names() -> None:
    assert chosen("mit", ("MIT", "mit")) == Choice("mit")
    assert chosen("Mit", ("MIT", "mit")) == Choice(near=("MIT", "mit"))
