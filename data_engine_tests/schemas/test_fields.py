import math

import pyarrow as pa
import pytest

from data_engine.schemas.fields import KIND, answer_text, filled, is_filled, optional, required


def test_a_column_is_required_optional_or_filled_for_what_was_written_before_it() -> None:
    made = [make("n", pa.int64(), "a number") for make in (required, optional, filled)]
    assert [field.nullable for field in made] == [False, True, False]
    assert [is_filled(field) for field in made] == [False, False, True]
    assert {field.metadata[b"description"] for field in made} == {b"a number"}
    assert is_filled(KIND)


def test_an_answer_has_one_form_whatever_the_order_of_its_keys() -> None:
    assert answer_text({"b": 1, "a": [1, 2]}) == answer_text({"a": [1, 2], "b": 1}) == '{"a":[1,2],"b":1}'
    assert answer_text({"label": "B\u00e4cker"}) == '{"label":"B\u00e4cker"}'


def test_what_json_cannot_hold_is_no_answer() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        answer_text({"x": math.nan})
    with pytest.raises(TypeError, match="not JSON serializable"):
        answer_text({"x": {1, 2}})
