import numpy as np
import pyarrow as pa

from data_engine import schemas
from data_engine.filtering import judged_rows
from data_engine.filtering.judged_rows import JudgedRows
from data_engine.filtering.signal_rows import SignalRows
from data_engine.filtering.verdicts import Verdicts


def _judged() -> JudgedRows:
    """Three rows, of which the last is a copy of the first."""
    verdicts, signals = Verdicts(3), SignalRows(2, ["n_chars", "letter_share"])
    verdicts.reject(np.array([2]), "exact_duplicate", 1.0, 1.0, twin_rows=[2])
    signals.put(0, {"n_chars": 5, "letter_share": 0.5})
    return JudgedRows(
        batch="may",
        index=pa.table({"sample_id": ["a", "b", "a"], "uri": ["1", "2", "3"]}),
        verdicts=verdicts,
        content=np.array([0, 1, 0]),
        signals=signals,
        languages={0: "en"},
        junk_scores=np.array([0.25, np.nan, np.nan]),
        minhash_of=lambda row: b"sketch" if row == 0 else None,
        sketches={1: b"image"},
    )


def test_rows_have_the_schema_of_the_table_and_what_was_measured_of_their_content() -> None:
    table = _judged().table()
    assert table.schema.equals(schemas.FIRST_PASS)
    assert table["verdict"].to_pylist() == ["kept", "kept", "rejected"]
    assert table["duplicate_of"].to_pylist() == [None, None, "a"]
    assert table["n_chars"].to_pylist() == [5, None, 5]
    assert table["language"].to_pylist() == ["en", None, "en"]
    assert table["junk_score"].to_pylist() == [0.25, None, None]
    assert table["minhash"].to_pylist() == [b"sketch", None, None]
    assert table["sketch"].to_pylist() == [None, b"image", None]
    assert table["signals"][1].as_py() is None


def test_rows_in_several_batches_are_the_same_rows(monkeypatch) -> None:
    whole = _judged().table()
    monkeypatch.setattr(judged_rows, "_ROWS_PER_BATCH", 2)
    assert [len(batch) for batch in _judged()] == [2, 1]
    assert _judged().table().equals(whole)
