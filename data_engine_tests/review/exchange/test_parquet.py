"""Parquet files."""

from datetime import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_engine.errors import InvalidInput
from data_engine.review.exchange import parquet
from data_engine.review.exchange.rows import ROW


def test_the_file_has_the_columns_and_types_of_the_schema(exported, tmp_path):
    parquet.write(exported, tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    assert table.schema.equals(ROW)
    assert table.num_rows == 12


def test_a_file_that_pandas_wrote_is_read_categories_and_times_without_a_zone_included(tmp_path):
    frame = pd.DataFrame(
        {
            "sample_id": ["s0", "s1"],
            "label": pd.Categorical(["mit", "mit"]),
            "annotator": ["ada", "bob"],
            "answered_at": [datetime(2026, 5, 1, 12), None],
            "colour": [1, 2],
        }
    )
    frame.to_parquet(tmp_path / "a.parquet")
    first, second = parquet.read(tmp_path / "a.parquet").tasks
    assert first.answers[0].answered_at.isoformat() == "2026-05-01T12:00:00+00:00"
    assert (second.answers[0].answer, second.answers[0].answered_at) == ('{"label":"mit"}', None)


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (pa.array([1]), "column label is of type int64, and must be string"),
        (pa.array([["mit"]]), "column label is of type list"),
        (pa.array([b"mit"]), "column label is of type binary"),
        (pa.array([None], pa.string()), "row 1: there is neither label nor answer"),
    ],
)
def test_a_column_of_another_type_is_told_by_its_name(tmp_path, column, said):
    table = pa.table({"sample_id": ["s0"], "annotator": ["ada"], "label": column})
    pq.write_table(table, tmp_path / "a.parquet")
    with pytest.raises(InvalidInput, match=said):
        parquet.read(tmp_path / "a.parquet")


def test_a_cut_file_and_one_that_unpacks_to_too_much_are_refused(exported, tmp_path, monkeypatch):
    path = tmp_path / "a.parquet"
    parquet.write(exported, path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with pytest.raises(InvalidInput, match="no Parquet file that can be read"):
        parquet.read(path)
    path.write_bytes(whole)
    monkeypatch.setattr(parquet, "_MOST_UNPACKED_BYTES", 10)
    with pytest.raises(InvalidInput, match=r"12 rows and .* bytes; split it"):
        parquet.read(path)
