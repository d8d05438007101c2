import numpy as np

from data_engine.duplicates.segment_kind import SegmentKind


def test_a_segment_is_called_by_its_rows_and_its_keys() -> None:
    none = (np.empty((1, 0), np.uint64), np.empty(0, np.int64))
    kind = SegmentKind(
        "k", "sketch", lambda _: np.empty((0, 1), np.uint8), lambda _: none,
        lambda *_: np.empty(0, np.int64),
    )  # fmt: skip
    assert kind.name_of("d1", 4) == "d1:4:k"
