from pathlib import Path

import pyarrow as pa
import pytest

from data_engine.errors import InvalidInput
from data_engine.release_formats.released import Released


def _released(**columns: list[str | None]) -> Released:
    rows = pa.table({"sample_id": ["a", "b", "c"], **columns})
    return Released("r1", "A", "CC0-1.0", rows, {"a": Path("a.png"), "b": Path("b.png")})


def test_classes_are_those_that_occur_sorted() -> None:
    assert _released(label=["b", None, "a"]).classes == ("a", "b")
    assert _released().classes == ()


def test_splits_come_in_their_order_and_without_any_all_is_for_training() -> None:
    by_split = _released(split=["other", "test", "train"]).by_split()
    assert [(name, rows["sample_id"].to_pylist()) for name, rows in by_split.items()] == [
        ("train", ["c"]),
        ("test", ["b"]),
        ("other", ["a"]),
    ]
    assert list(_released().by_split()) == ["train"]


def test_a_sample_without_a_label_or_an_image_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="sample b has no label, and coco needs a class for each sample; take hf"):
        list(_released(label=["x", None, "x"]).labelled_images("coco"))
    with pytest.raises(InvalidInput, match=r"release r1 holds no file of sample c; set release\.images: true"):
        list(_released(label=["x", "x", "x"]).labelled_images("coco"))
