from pathlib import Path

import numpy as np
import pytest
from flipped_bits import flip_a_bit

from data_engine.errors import InvalidInput
from data_engine.storage import Segment, SketchIndex, ids_as_numbers

IDS = ["f" * 32, "0" * 31 + "1", "8" + "0" * 31]


def written(index: SketchIndex, batch: str = "may", version: str = "1", first_key: int = 10) -> Segment:
    """Three samples in two bands; the second one has no sketch."""
    return index.write(
        batch,
        version,
        sample_ids=IDS,
        sketches=np.array([[1, 1], [0, 0], [3, 3]], np.uint8),
        keys=np.array([[first_key, 5], [7, 7]], np.uint64),
        rows=np.array([0, 2]),
    )


def keys(*bands: list[int]) -> np.ndarray:
    return np.array(bands, np.uint64)


def test_samples_are_found_by_their_id(tmp_path: Path) -> None:
    segment = written(SketchIndex(tmp_path))
    rows = segment.rows_of_ids(ids_as_numbers([IDS[0], "0" * 32, IDS[1], IDS[0], "f" * 31 + "e"]))
    assert segment.sample_ids(rows) == sorted([IDS[0], IDS[1]])
    assert segment.sketch_bytes(rows) == [None, b"\x01\x01"]


def test_samples_are_found_by_any_key_in_its_own_band(anywhere: Path) -> None:
    segment = written(SketchIndex(anywhere))
    assert segment.sample_ids(segment.rows_of_keys(keys([5, 6], [1, 2]))) == [IDS[2]]
    assert segment.sample_ids(segment.rows_of_keys(keys([1, 2], [5, 7]))) == [IDS[2], IDS[0]]
    assert segment.sample_ids(segment.rows_of_keys(keys([7], [10]))) == []


def test_a_segment_is_found_again_in_its_version_only(anywhere: Path) -> None:
    index = SketchIndex(anywhere)
    assert index.open("may", "1") is None
    written(index)
    written(index, batch="june")
    again = SketchIndex(anywhere).open("may", "1")
    assert again is not None
    assert len(again) == 3
    assert isinstance(again.keys, np.memmap)
    assert index.open("may", "2") is None
    written(index, version="2", first_key=11)
    assert index.open("may", "1") is None
    assert index.open("june", "1") is not None
    assert len(list(anywhere.iterdir())) == 2


@pytest.mark.parametrize("n_bytes", [0, 40, 200, -1])
def test_a_damaged_segment_counts_as_missing(tmp_path: Path, n_bytes: int) -> None:
    index = SketchIndex(tmp_path)
    written(index)
    (path,) = tmp_path.iterdir()
    path.write_bytes(path.read_bytes()[:n_bytes])
    assert index.open("may", "1") is None


def test_a_batch_that_accepts_nothing_has_an_empty_segment(tmp_path: Path) -> None:
    none = np.empty((0, 2), np.uint8)
    segment = SketchIndex(tmp_path).write(
        "may", "1", sample_ids=[], sketches=none, keys=np.empty((2, 0), np.uint64), rows=np.empty(0, np.int64)
    )
    assert len(segment) == 0
    assert segment.rows_of_ids(ids_as_numbers(IDS)).tolist() == []
    assert segment.rows_of_keys(keys([1], [2])).tolist() == []
    assert segment.sketch_bytes(np.empty(0, np.int64)) == []


def test_keys_of_other_settings_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="keys are given for 1 bands but the segment has 2"):
        written(SketchIndex(tmp_path)).rows_of_keys(keys([1]))


@pytest.mark.parametrize("place", range(0, 700, 90))
def test_a_segment_with_a_flipped_bit_counts_as_missing_and_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, place: int
) -> None:
    index = SketchIndex(tmp_path)
    written(index)
    (path,) = tmp_path.iterdir()
    assert index.open("may", "1") is not None
    flip_a_bit(path, lambda size: place % size)
    assert index.open("may", "1") is None
    assert f"{path}, the accepted samples of 'may', is damaged and is computed anew" in caplog.text
    written(index)
    assert index.open("may", "1") is not None


def test_a_batch_that_is_forgotten_has_no_segment_any_more_and_others_keep_theirs(anywhere: Path) -> None:
    index = SketchIndex(anywhere)
    for batch in ("may", "june"):
        written(index, batch)
    index.forget("may")
    assert index.open("may", "1") is None
    assert index.open("june", "1") is not None
    index.forget("nothing")
