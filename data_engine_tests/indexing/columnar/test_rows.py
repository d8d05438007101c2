from datetime import UTC, datetime
from pathlib import Path

from data_engine.indexing import SourceFile
from data_engine.indexing.columnar.rows import listed, missing_column, too_large
from data_engine.indexing.source import Source

FILE = SourceFile(Path("a.csv"), "a.csv", 1, datetime(2026, 1, 1, tzinfo=UTC))


def test_what_is_said_of_rows_names_value_rule_and_remedy() -> None:
    assert str(missing_column(FILE, "text", ["txt", "id"])) == (
        "a.csv has no column 'text', it has 'txt', 'id'; name one of them in the source"
    )
    source = Source(kind="csv", path=".", max_sample_bytes=5)
    assert too_large("line 3", 9, source) == (
        "line 3 has 9 bytes, max_sample_bytes is 5; split the sample or raise max_sample_bytes"
    )


def test_long_lists_of_names_are_cut() -> None:
    assert listed([]) == "no columns"
    assert listed([str(number) for number in range(30)]).endswith("'19', ...")
