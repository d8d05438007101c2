import json
from typing import Any

import numpy as np
import pytest

from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.labeling.answers.object_forms import (
    checked_objects,
    classes_in,
    shape_of,
    shapes_of,
    with_class_names,
)
from data_engine.schemas import answer_text
from data_engine.segmentation import encode_rle

SQUARE = [[10, 10], [40, 10], [40, 40], [10, 40]]
HOLE = [[20, 20], [30, 20], [30, 30], [20, 30]]
BOW = [[10, 10], [40, 40], [40, 10], [10, 40]]


def _answer(**change: Any) -> dict[str, Any]:
    return {"size": [60, 90], "objects": [{"class": "coin", "polygons": [SQUARE], **change}]}


def _mask(left: int, right: int) -> dict[str, Any]:
    mask = np.zeros((60, 90), dtype=np.bool_)
    mask[10:40, left:right] = True
    return encode_rle(mask)


def test_a_whole_object_is_taken() -> None:
    whole = _answer(
        extreme_points=[[10, 20], [20, 10], [40, 20], [20.5, 40]],
        clicks=[[12, 13, True], [1, 2, False]],
        mask=_mask(10, 40),
        provenance="model_edited",
        n_edits=3,
    )
    assert checked_objects(json.dumps(whole), ["coin"], of="a test") == whole


def test_rings_within_rings_are_holes() -> None:
    assert shape_of([SQUARE, HOLE]).area == 800
    assert [name for name, _ in shapes_of(json.dumps(_answer()))] == ["coin"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            {"polygons": [[[10, 10], [40, 10], [91, 40]]]},
            "object 0 has a polygon that is not at least three places inside",
        ),
        ({"polygons": [[[10, 10], [40, 10], [float("nan"), 40]]]}, "three places inside the image"),
        ({"polygons": [[[10, 10], [40, 10], [-1, 40]]]}, "three places inside the image"),
        ({"polygons": [[[10, 10], [40, 10], [True, 40]]]}, "three places inside the image"),
        ({"polygons": [[[10, 10], [40, 10]]]}, "three places inside the image"),
        ({"polygons": [BOW]}, "object 0 has a polygon that crosses itself or has no area"),
        ({"polygons": [[[10, 10], [40, 10], [20, 10]]]}, "crosses itself or has no area"),
        ({"polygons": [SQUARE, SQUARE]}, "the polygons of object 0 leave no area"),
        ({"polygons": [SQUARE] * 126}, "object 0 has 504 vertices, and at most 500 are taken"),
        ({"polygons": []}, "object 0 has no polygons"),
        ({"polygons": "all"}, "object 0 has no polygons"),
        ({"class": 7}, "the class of object 0 is no text"),
        ({"colour": "red"}, r"object 0 has \['class', 'colour', 'polygons'\]"),
        ({"extreme_points": [[1, 2]]}, "the extreme points of object 0 are not four places inside"),
        ({"clicks": [[1, 2]]}, "the clicks of object 0 are not"),
        ({"clicks": [[1, 2, 1]]}, "the clicks of object 0 are not"),
        ({"clicks": [[1, 2, True]] * 201}, "object 0 has 201 clicks, and at most 200 are taken"),
        ({"provenance": "god"}, "the provenance of object 0 is none of human"),
        ({"n_edits": -1}, "n_edits of object 0 is no number from 0"),
        ({"mask": {"size": [9, 9], "counts": "1"}}, "the mask of object 0 is not of the size of the image"),
        ({"mask": {"size": [60, 90], "counts": "1"}}, "the mask of object 0 cannot be read"),
        ({"mask": _mask(30, 60)}, "mask and polygons of object 0 agree by 0.20 only"),
    ],
)
def test_an_object_that_breaks_a_rule_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=f"{said}.*: give a JSON object such as"):
        checked_objects(_answer(**change), ["coin"], of="a test")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"size": [60, 90], "objects": [{}] * 1001}, "it has 1,001 objects, and at most 1,000 are taken"),
        ({"size": [60, 0], "objects": []}, r"its size is \[60, 0\], which are not"),
        ({"size": [60, True], "objects": []}, r"its size is \[60, True\]"),
        ({"size": [2**20, 2**20], "objects": []}, "which are not a height and a width"),
        ({"size": [60, 90], "objects": ["coin"]}, "object 0 has str"),
        ("[" * 9999, "it is no JSON object"),
    ],
)
def test_an_answer_that_breaks_a_rule_is_refused(answer: object, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        checked_objects(answer, ["coin"], of="a test")


def test_a_class_of_another_question_is_named() -> None:
    with pytest.raises(UnknownLabel, match="object 0 is a 'coin', which is not one of the 1 classes of batch 'b1'"):
        checked_objects(_answer(), ["cell"], of="batch 'b1'")


def test_objects_of_a_removed_class_leave_no_answer_or_are_left_out() -> None:
    ring = [[0, 0], [9, 0], [9, 9], [0, 9]]
    objects = [{"class": name, "polygons": [ring]} for name in ("coin", "ring")]
    answer = answer_text({"size": [20, 20], "objects": objects})
    now = {"coin": "penny"}.get
    assert with_class_names(answer, now) is None
    assert classes_in(with_class_names(answer, now, drops_others=True) or "") == {"penny"}
    assert with_class_names(answer, lambda name: name) == answer
