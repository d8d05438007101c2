from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from schema_tables import table

from data_engine.release_formats.parquet import write


def test_rows_come_back_in_their_exact_types_and_chunks_do_not_show(tmp_path: Path) -> None:
    rows = table("release", [{"sample_id": "a", "metadata": "{}"}, {"sample_id": "b", "metadata": "{}"}])
    write(rows, tmp_path / "whole.parquet")
    write(pa.concat_tables([rows.slice(0, 1), rows.slice(1)]), tmp_path / "pieces.parquet")
    read = pq.read_table(tmp_path / "whole.parquet")
    assert read.equals(rows)
    assert read.schema.equals(rows.schema)
    assert (tmp_path / "pieces.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
