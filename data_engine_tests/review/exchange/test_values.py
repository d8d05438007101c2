"""Values of files that others wrote: what is accepted, and what an error says."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from data_engine.errors import InvalidInput
from data_engine.review.exchange import values


@pytest.mark.parametrize(
    ("read", "value", "said"),
    [
        (values.text_in, 7, "line 3: x is 7; it must be a text"),
        (values.text_in, "a\x00b", "none of them NUL"),
        (values.text_in, "\ud800", "half of a pair"),
        (values.text_in, "a" * 1_000_001, "at most 1,000,000 characters"),
        (values.name_in, "a\nb", "a name is made of printable characters"),
        (values.name_in, "   ", "a name is made of printable characters"),
        (values.number_in, "7", r"it must be a number from -1e\+12 to 1e\+12"),
        (values.number_in, True, "it must be a number"),
        (values.number_in, 10**400, "x is a number of more than 18 digits"),
        (values.number_in, float("nan"), "x is nan"),
        (values.truth_in, "yes", "it must be true or false"),
        (values.time_in, "yesterday", "write a time such as"),
        (values.time_in, 1700000000, "write a time such as"),
        (values.time_in, "0001-01-01T00:00:00+14:00", "write a time such as|from 1970 on"),
        (values.time_in, "9999-12-31T23:59:59-14:00", "write a time such as|from 1970 on"),
        (values.answer_in, 7, 'an answer is an object such as {"label": "mit"}'),
        (values.answer_in, "{", "line 3: x: column 2: this is no JSON"),
        (values.objects_in, {}, "x is an object of 0; it must be a list"),
    ],
)
def test_a_value_that_breaks_its_rule_is_told_with_its_place_and_the_rule(read, value, said):
    with pytest.raises(InvalidInput, match=said):
        read({"x": value}, "x", "line 3")


def test_a_whole_number_is_whole_and_within_its_bounds():
    assert values.whole_number_in({"x": 3.0}, "x", "line 1", least=1, most=3) == 3
    for value in (1.5, 0, 4):
        with pytest.raises(InvalidInput):
            values.whole_number_in({"x": value}, "x", "line 1", least=1, most=3)


@pytest.mark.parametrize("read", [values.text_in, values.name_in, values.number_in, values.time_in, values.answer_in])
def test_what_is_not_there_is_nothing(read):
    assert read({}, "x", "line 1") is None
    assert read({"x": None}, "x", "line 1") is None


def test_times_are_moments_in_utc_whatever_they_are_written_as():
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    east = noon.astimezone(timezone(timedelta(hours=2)))
    for value in (
        "2026-05-01T12:00:00Z",
        "2026-05-01T14:00:00+02:00",
        "2026-05-01 12:00",
        noon,
        east,
        noon.replace(tzinfo=None),
    ):
        assert values.time_in({"x": value}, "x", "line 1") == noon


def test_an_answer_is_read_in_its_canonical_form_from_an_object_or_its_text():
    for value in ({"label": "mit", "b": 1}, '{"b": 1, "label": "mit"}'):
        assert values.answer_in({"x": value}, "x", "line 1") == '{"b":1,"label":"mit"}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": NaN}', "NaN is no number"),
        ('{"a": -Infinity}', "-Infinity is no number"),
        ('{"a": ' + "1" * 5000 + "}", "this is no JSON"),
        ("[" * 100_000, "too deeply"),
        ('{"a": 1,}', "column 9: this is no JSON"),
        ("", "column 1: this is no JSON"),
    ],
)
def test_json_that_is_none_or_too_much_is_told(text, said):
    with pytest.raises(InvalidInput, match=f"^line 4: .*{said}"):
        values.json_in(text, "line 4")


def test_a_file_is_read_with_or_without_a_byte_order_mark_and_not_above_a_size(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    path.write_bytes(b"\xef\xbb\xbf[]")
    assert values.text_of_file(path) == "[]"
    path.write_bytes(b"ab\xff")
    with pytest.raises(InvalidInput, match="byte 2 is no UTF-8"):
        values.text_of_file(path)
    monkeypatch.setattr(values, "MOST_BYTES", 2)
    with pytest.raises(InvalidInput, match="has 3 bytes and may have 2"):
        values.text_of_file(path)
