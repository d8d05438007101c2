import json
from pathlib import Path

import pytest
from schema_tables import table

from data_engine.errors import InvalidInput
from data_engine.release_formats.jsonl import json_line, write
from data_engine.schemas import RELEASE


def _line(**row: object) -> str:
    return json_line({"sample_id": "a", **row}, RELEASE)


def test_metadata_is_an_object_and_a_short_float_stays_short() -> None:
    name = next(field.name for field in RELEASE if field.type == "float")
    (row,) = table("release", [{"sample_id": "a", "metadata": '{"n": 1}', name: 0.1}]).to_pylist()
    assert row[name] != 0.1
    line = _line(**row)
    assert json.loads(line)["metadata"] == {"n": 1}
    assert f'"{name}": 0.1,' in line or f'"{name}": 0.1}}' in line


def test_letters_are_written_as_they_are_and_what_ends_a_line_is_not() -> None:
    assert _line(text="B\u00e4cker\u2028\x85\n") == '{"sample_id": "a", "text": "B\u00e4cker\\u2028\\u0085\\n"}\n'


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"metadata": "{broken"}, r"metadata of sample a is no JSON \(.*\); write it with json.dumps"),
        ({"metadata": "[1]"}, "metadata of sample a is a JSON list; it must be an object: wrap it in one"),
    ],
)
def test_metadata_that_is_no_object_is_refused_with_the_sample(row: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        _line(**row)


def test_a_number_that_json_has_not_is_refused() -> None:
    name = next(field.name for field in RELEASE if field.type == "float")
    with pytest.raises(InvalidInput, match=f"{name} of sample a is nan, which JSON cannot hold; give a finite number"):
        _line(**{name: float("nan")})
    assert json.loads(_line(**{name: None}))[name] is None


def test_every_row_is_a_line(tmp_path: Path) -> None:
    rows = table("release", [{"sample_id": str(n), "metadata": "{}"} for n in range(5001)])
    write(rows, tmp_path / "data.jsonl")
    lines = (tmp_path / "data.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["sample_id"] for line in lines] == [str(n) for n in range(5001)]
