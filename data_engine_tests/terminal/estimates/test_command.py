import json

import pytest
from click.testing import CliRunner, Result

from data_engine.cli import main


def _estimate(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["estimate", *arguments])


def test_hours_and_bytes_of_each_kind_of_work_are_printed_with_what_they_stand_on() -> None:
    said = _estimate("--samples", "1e9", "--nodes", "8").output
    assert (
        "embed                                 │    62.3 │  922 GB │ embeddings          │ all nodes │        62.3"
        in said
    )
    assert "level 1, 10,000,000 clusters          │   (501) │" in said
    assert "- 1,000,000,000 texts of 4,096 bytes, of which the first pass keeps 60%" in said
    assert "- 8 nodes of 64 cores, 0 GPUs, 10 Gbit/s and 256 GB for embeddings" in said
    assert "GFLOP/s a core in the encoder" in said and "TFLOP/s a GPU" not in said


def test_programs_get_all_rows_with_whole_values() -> None:
    rows = json.loads(_estimate("--samples", "1e9", "--nodes", "2", "--gpus", "8", "--format", "json").output)
    assert [row["work"] for row in rows if row["is_counted"]] == [
        "read texts, rules",
        "near duplicates",
        "embed",
        "level 1, 10,000,000 clusters in cells",
        "level 2, 500,000 clusters",
        "level 3, 50,000 clusters",
        "level 4, 10,000 clusters",
        "choose the subset",
    ]
    assert rows[0]["bytes"] == 4096e9
    [not_built] = [row for row in rows if row["hours_today"] is None]
    assert not_built["today_on"] == "not built"


@pytest.mark.parametrize("samples", ["0", "nan", "inf", "-3"])
def test_what_is_no_number_of_texts_is_refused(samples: str) -> None:
    refused = _estimate("--samples", samples)
    assert refused.exit_code == 2
    assert "is no number of texts; give one from 1 to 1e+18" in refused.output
