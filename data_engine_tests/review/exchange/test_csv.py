"""CSV of answers; what every format can do is in `test_registry.py`."""

from pathlib import Path

import pytest

from data_engine.errors import InvalidInput
from data_engine.review.exchange.csv import read


def _read(folder: Path, text: str):
    path = folder / "a.csv"
    path.write_text(text, "utf-8-sig")
    return read(path)


def test_a_file_of_a_spreadsheet_is_read_with_its_own_columns_left_out(tmp_path: Path) -> None:
    text = "sample_id,label,shown in row,annotator\n" + 's0,"a, b",7,ada\r\n\ns1,c,8,\n'
    tasks = _read(tmp_path, text).tasks
    assert [(task.sample_id, task.answers[0].answer, task.answers[0].annotator) for task in tasks] == [
        ("s0", '{"label":"a, b"}', "ada"),
        ("s1", '{"label":"c"}', ""),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,label\na,b\n", r"the first line names the columns \['name', 'label'\]; it must have sample_id or uri"),
        ("sample_id,label\ns0\n", "line 2 has 1 values; the first line names 2 columns"),
        ("sample_id,label,probability\ns0,a,much\n", "line 2: probability is 'much'; it must be a number"),
        ("sample_id,label,is_withdrawn\ns0,a,perhaps\n", "line 2: is_withdrawn is 'perhaps'; it must be true or false"),
        ('sample_id,label\n"s0"x,a\n', "line 2 is no CSV"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        _read(tmp_path, text)
