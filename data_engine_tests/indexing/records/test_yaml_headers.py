import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_engine.indexing.records.yaml_headers import parse_header
from data_engine.indexing.samples import to_json


def levels(start: str, each: str, n: int = 9) -> str:
    lines = [f"a0: &a0 {start}"]
    lines += [f"a{n + 1}: &a{n + 1} " + each.replace("*", f"*a{n}") for n in range(n)]
    return "\n".join(lines)


ALIASES = "expands to more than 100000 values; remove its aliases"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a: " + "[" * 50_000, "is nested more than 100 deep; flatten it"),
        ("- " * 50_000 + "x", "is nested more than 100 deep; flatten it"),
        ("a: " + "{b: " * 900 + "1" + "}" * 900, "is nested more than 100 deep; flatten it"),
        (levels("{x: 1}", "{<<: [*, *, *, *, *, *, *, *, *, *]}"), ALIASES),
        (levels("{x: 1}", "!!pairs [p: *, q: *, r: *, s: *, t: *, u: *, v: *, w: *, x: *, y: *]"), ALIASES),
        (levels("[1]", "!!omap [p: *, q: *, r: *, s: *, t: *, u: *, v: *, w: *, x: *, y: *]"), ALIASES),
        (levels("[1]", "[" + ", ".join("*" * 10) + "]"), ALIASES),
        ("a: &a [*a]", ALIASES),
        ("a: &a {b: {c: *a}}", ALIASES),
        (f"a: &a {'x' * 100_000}\nb: [{'*a, ' * 2000}]", "expands to more than 10,000,000 characters; remove its"),
        ("a: [" + "b, " * 200_000 + "]", "expands to more than 100000 values; shorten it"),
        ("a: " + "9" * 5000, "holds a number of 5,000 characters; write it in quotes"),
        ("a: " + "59:" * 5000 + "59", "holds a number of 15,002 characters; write it in quotes"),
        ("a: " + "59:" * 5000 + "59.5", "holds a number of 15,004 characters; write it in quotes"),
        ("a: 0x" + "f" * 5000, "holds a number of 5,002 characters; write it in quotes"),
        ("a: !!int '" + "9" * 5000 + "'", "holds a number of 5,000 characters; write it in quotes"),
    ],
)
def test_what_goes_beyond_a_limit_is_refused_before_it_is_built(header: str, expected: str) -> None:
    started = time.perf_counter()
    said = parse_header(header)
    assert isinstance(said, str)
    assert said.startswith(f"the YAML header {expected}")
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    "header",
    [
        "a: !!python/object/apply:os.system [ls]",
        "a: !!timestamp soon",
        "a: !!bool perhaps",
        "a: !!int ''",
        "a: !!float ''",
        "a: !!binary '\u00e9'",
        "a: " + "59:" * 130 + "1.5" * 1 + ":",
        "a: *nowhere",
        "a: 2024-99-99",
        "? [a]\n: b",
        "a: !!map [1]",
        "a: !!omap {b: 1}",
        "\ta: b",
    ],
)
def test_a_header_that_makes_no_sense_says_so(header: str) -> None:
    said = parse_header(header)
    assert isinstance(said, dict) or said.startswith(("broken YAML header", "the YAML header"))


def test_aliases_and_merged_keys_within_the_limits_are_written_out() -> None:
    header = "base: &b {x: 1, y: 2}\nnext:\n  <<: *b\n  y: 3\nagain: *b"
    assert parse_header(header) == {"base": {"x": 1, "y": 2}, "next": {"x": 1, "y": 3}, "again": {"x": 1, "y": 2}}


def test_no_key_is_lost_whatever_its_type() -> None:
    assert parse_header("1: a\ntrue: b\n'1': c\nname: d\nname: e") == {
        "1": "a",
        "True": "b",
        "1.3": "c",
        "name": "d",
        "name.5": "e",
    }
    parsed = parse_header("inner: {1: a, '1': b, true: c, yes: d, null: e}")
    assert parsed == {"inner": {"1": "a", "1.2": "b", "true": "c", "true.4": "d", "null": "e"}}


def test_a_set_is_a_list_in_the_order_of_the_file() -> None:
    assert parse_header("a: !!set {z, b, y}") == {"a": ["z", "b", "y"]}


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,6}", fullmatch=True), JSON_LIKE, max_size=5))
def test_a_header_that_another_tool_wrote_is_read_as_it_was_meant(columns: dict[str, Any]) -> None:
    import yaml

    header = yaml.safe_dump(columns, allow_unicode=True)
    assert parse_header(header) == yaml.safe_load(header)


@given(st.text(alphabet="ab:-[]{}&*!?|>'\"#%@` \n\t<0159.~", max_size=60))
def test_any_header_gives_columns_that_can_be_written_or_a_reason(header: str) -> None:
    said = parse_header(header)
    assert isinstance(said, str) or to_json(said).startswith("{")
