import pyarrow as pa

from data_engine.indexing.columnar.arrow_values import BrokenText, plain_rows
from data_engine.indexing.samples import to_json

LATE = 253_402_300_800_000_000
"""Microseconds up to the year 10000."""


def test_values_that_python_cannot_hold_are_texts_and_the_others_stay() -> None:
    piece = pa.record_batch(
        {
            "at": pa.array([0, LATE], pa.timestamp("us")),
            "zone": pa.array([LATE, 0], pa.timestamp("us", tz="Asia/Tokyo")),
            "day": pa.array([0, 4_000_000], pa.date32()),
            "span": pa.array([2**62, 1], pa.duration("s")),
            "nowhere": pa.array([1, 2], pa.timestamp("us", tz="Nowhere/X")),
            "list": pa.array([[0], [LATE]], pa.list_(pa.timestamp("us"))),
        }
    )
    first, second = plain_rows(piece)
    assert str(first["at"]) == "1970-01-01 00:00:00"
    assert second["at"].startswith("10000-01-01")
    assert first["zone"].startswith("10000-01-01 09:00")
    assert (str(first["day"]), second["day"]) == ("1970-01-01", "12921-08-18")
    assert first["span"] == str(2**62)
    assert isinstance(first["nowhere"], str)
    assert isinstance(second["list"], str)
    assert to_json(second).startswith("{")


def test_broken_texts_are_marked_and_sound_ones_are_not() -> None:
    broken = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.array([0, 1, 3], pa.int32()).buffers()[1], pa.py_buffer(b"af\xe9")]
    )
    first, second = plain_rows(pa.record_batch({"text": broken}))
    assert (first["text"], isinstance(first["text"], BrokenText)) == ("a", False)
    assert (second["text"], isinstance(second["text"], BrokenText)) == ("f\\xe9", True)


def test_of_columns_with_one_name_none_is_lost() -> None:
    piece = pa.RecordBatch.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    assert plain_rows(piece) == [{"a": 1, "a.2": 2}]
    assert plain_rows(pa.record_batch({"a": pa.array([], pa.int64())})) == []
