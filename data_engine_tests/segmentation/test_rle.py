import numpy as np
import pytest
from drawn_masks import Mask, any_masks, from_rows
from hypothesis import given, settings
from pycocotools import mask as coco

from data_engine.errors import InvalidInput
from data_engine.segmentation import decode_rle, encode_rle


@settings(max_examples=80, deadline=None)
@given(any_masks())
def test_run_lengths_are_those_of_pycocotools_and_give_the_mask_back(mask: Mask) -> None:
    own = encode_rle(mask)
    theirs = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    assert own == {"size": theirs["size"], "counts": theirs["counts"].decode()}
    assert (decode_rle(own) == mask).all()


def test_long_runs_and_large_steps_back_survive() -> None:
    mask = np.zeros((3000, 700), dtype=np.bool_)
    mask[17:, 3:600] = mask[0, 650] = True
    assert (decode_rle(encode_rle(mask)) == mask).all()


def test_run_lengths_go_down_the_columns() -> None:
    assert (decode_rle({"size": [2, 3], "counts": [1, 2, 3]}) == from_rows(".#.", "#..")).all()
    assert (decode_rle({"size": [2, 3], "counts": b"123"}) == from_rows(".#.", "#..")).all()


@pytest.mark.parametrize(
    ("rle", "said"),
    [
        ({"size": [2, 3], "counts": [1, 2]}, "the runs hold 3 pixels, and a mask of 2 x 3 has 6"),
        ({"size": [2, 3], "counts": [8, -2]}, "the runs hold 6 pixels"),
        ({"size": [2, 3], "counts": "12 3"}, "counts has ' ' after 2 runs"),
        ({"size": [2, 3], "counts": "o" * 40}, "counts has 'o' after 0 runs"),
        ({"size": [2, 3], "counts": "12T"}, "counts ends within a run"),
        ({"size": [2, 3], "counts": "9000"}, "run 0 of the counts is 9 and the mask has 6 pixels"),
        ({"size": [2, 3], "counts": "@"}, "run 0 of the counts is -16"),
        ({"size": [2, 3], "counts": [1, True, 4]}, "counts is a list"),
        ({"size": [2, 3]}, "counts is a NoneType"),
        ({"size": [0, 3], "counts": ""}, "the size of the run lengths is"),
        ({"size": [10**9, 10**9], "counts": "1"}, "at most 1,073,741,824 together"),
        ({"size": "2,3", "counts": "1"}, "the size of the run lengths is 2,3"),
    ],
)
def test_damaged_run_lengths_say_what_is_wrong(rle: dict[str, object], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        decode_rle(rle)
