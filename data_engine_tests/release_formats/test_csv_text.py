from pathlib import Path

import pyarrow as pa

from data_engine.release_formats.csv_text import read, write

ROWS = pa.table(
    {
        "sample_id": ["a", "b", "c"],
        "text": ['say "x", y\r\nz', "", None],
        "label": ["1.0", "null", None],
        "quality": pa.array([0.1, None, 1.0], pa.float32()),
    }
)


def _type_of(name: str) -> pa.DataType:
    return pa.float32() if name == "quality" else pa.string()


def test_texts_stand_in_quotes_and_what_is_missing_does_not(tmp_path: Path) -> None:
    write(ROWS, tmp_path / "data.csv")
    assert (tmp_path / "data.csv").read_bytes() == (
        b'"sample_id","text","label","quality"\n"a","say ""x"", y\r\nz","1.0",0.1\n"b","","null",\n"c",,,1\n'
    )


def test_what_was_written_comes_back_in_its_types_and_an_empty_text_is_not_a_missing_one(tmp_path: Path) -> None:
    write(ROWS, tmp_path / "data.csv")
    assert read(tmp_path / "data.csv", _type_of).equals(ROWS)
