import json
import math
from datetime import UTC, date, datetime

import xxhash
from hypothesis import given
from hypothesis import strategies as st

from data_engine import schemas
from data_engine.indexing.samples import (
    RawSample,
    form_of,
    id_of,
    normalise,
    parse_json,
    sample_id_of_bytes,
    sample_id_of_text,
    to_json,
    to_table,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _sample(uri: str, **changes: object) -> RawSample:
    said = {"sample_id": f"id of {uri}", "uri": uri, "n_bytes": 1, "arrived_at": NOON, **changes}
    return RawSample(**said)  # type: ignore[arg-type]


def test_texts_that_differ_in_line_ends_margins_and_composed_letters_have_one_id() -> None:
    assert normalise("  B\u00e4cker\r\nBrot\r ") == "B\u00e4cker\nBrot"
    assert normalise("Ba\u0308cker") == "B\u00e4cker"
    assert sample_id_of_text(" a\r\n") == sample_id_of_text("a") == xxhash.xxh3_128_hexdigest(b"a")
    assert sample_id_of_text("a") != sample_id_of_text("A")
    assert sample_id_of_bytes(b" a") == xxhash.xxh3_128_hexdigest(b" a")


def test_rows_are_sorted_by_uri_and_an_error_makes_a_sample_unreadable() -> None:
    table = to_table([_sample("b", text="two"), _sample("a", error="NUL")], "may")
    assert table.schema.equals(schemas.RAW_INDEX)
    broken, sound = table.to_pylist()
    assert (broken["uri"], broken["is_readable"], broken["error"]) == ("a", False, "NUL")
    assert (sound["uri"], sound["is_readable"], sound["text"], sound["batch"]) == ("b", True, "two", "may")
    assert (sound["media_type"], sound["metadata"]) == ("application/octet-stream", "{}")


def test_more_rows_than_fit_into_one_piece_are_all_there() -> None:
    table = to_table((_sample(f"{number:05}") for number in range(8193)), "may")
    assert table.num_rows == 8193
    assert table["uri"].to_pylist() == [f"{number:05}" for number in range(8193)]
    large = to_table((_sample(name, n_bytes=40 << 20) for name in "abc"), "may")
    assert large["uri"].to_pylist() == ["a", "b", "c"]


def test_metadata_is_json_whatever_it_holds() -> None:
    held = {
        "day": date(2026, 3, 1),
        "at": NOON,
        "hash": b"\x0a\xff",
        "large": bytes(1025),
        "name": "B\u00e4cker",
    }
    assert json.loads(to_json(held)) == {
        "day": "2026-03-01",
        "at": "2026-03-01T12:00:00+00:00",
        "hash": "0aff",
        "large": "<1025 bytes>",
        "name": "B\u00e4cker",
    }
    assert to_json({}) == "{}"


def test_numbers_that_json_has_not_are_null_keys_are_texts_and_lone_surrogates_are_replaced() -> None:
    assert to_json({"score": math.nan, "all": [math.inf, 1.5, {"x": -math.inf}]}) == (
        '{"score": null, "all": [null, 1.5, {"x": null}]}'
    )
    assert json.loads(to_json({(1, 2): "pair"})) == {"(1, 2)": "pair"}
    assert to_json({"name": "\ud800"}) == '{"name": "?"}'


def test_a_value_that_cannot_be_written_says_so_and_the_others_stay() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    written = json.loads(to_json({"deep": deep, "many": 10**5000, "sound": 1, "nan": math.nan}))
    assert written["deep"] == "<not written: nested too deeply>"
    assert written["many"].startswith("<not written: Exceeds the limit")
    assert (written["sound"], written["nan"]) == (1, None)


def test_no_key_of_a_json_object_is_lost() -> None:
    assert parse_json('{"a": 1, "b": {"c": 2, "c": 3}, "a": 4}') == {"a": 1, "b": {"c": 2, "c.2": 3}, "a.3": 4}


ANY_TEXT = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=20)


@given(ANY_TEXT, ANY_TEXT, ANY_TEXT, st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=3))
def test_any_text_of_a_sample_can_be_written_into_the_table(
    uri: str, source_id: str, error: str, metadata: dict[str, str]
) -> None:
    (row,) = to_table(
        [_sample(uri, sample_id="1", source_id=source_id, error=error, metadata=metadata)], "may"
    ).to_pylist()
    assert row["is_readable"] is False
    assert isinstance(json.loads(row["metadata"]), dict)


def test_a_form_names_the_option_with_the_column_of_its_content() -> None:
    assert [form_of(name).columns for name in ("text", "image")] == [("text_column",), ("path_column",)]


def test_an_id_is_the_hash_of_what_a_sample_is() -> None:
    assert id_of("text")(None, "a\r\nb ") == sample_id_of_text("a\nb")
    assert id_of("image")(b"abc", None) == sample_id_of_bytes(b"abc")
