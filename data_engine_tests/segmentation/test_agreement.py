import numpy as np
import pytest
from drawn_masks import Mask, from_rows

from data_engine.errors import InvalidInput, NotEnoughData
from data_engine.segmentation.agreement import (
    DrawnObject,
    consensus_mask,
    consensus_objects,
    mask_agreement,
    match_objects,
)


def _cells(first: int, after: int) -> Mask:
    """Of a row of ten pixels, those from `first` up to `after`."""
    return ((np.arange(10) >= first) & (np.arange(10) < after))[None]


def _cell(label: str, first: int, after: int) -> DrawnObject:
    return DrawnObject(label, _cells(first, after))


def test_objects_are_paired_for_the_highest_sum_and_never_across_classes() -> None:
    first = [_cell("cell", 0, 4), _cell("cell", 2, 6)]
    second = [_cell("cell", 1, 5), _cell("dust", 0, 4), _cell("cell", 0, 3)]
    found = match_objects(first, second)
    assert found.pairs == ((0, 2), (1, 0))
    assert found.ious == pytest.approx((3 / 4, 3 / 5))
    assert (found.only_first, found.only_second) == ((), (1,))
    assert match_objects(first, second, least_iou=0.7).pairs == ((0, 2),)
    assert match_objects([], second).only_second == (0, 1, 2)


def test_agreement_is_the_mean_iou_and_objects_of_one_annotator_count_as_nothing() -> None:
    images = [
        {"ann": [_cell("cell", 0, 4)], "bob": [_cell("cell", 0, 3), _cell("dust", 6, 9)]},
        {"ann": [_cell("cell", 0, 4)], "cat": [_cell("cell", 0, 4)]},
        {"ann": [], "bob": []},
    ]
    found = mask_agreement(images)
    assert found.mean == pytest.approx((0.75 + 0 + 1) / 3)
    assert found.by_class == {"cell": pytest.approx(0.875), "dust": 0}
    assert found.by_annotator["cat"] == 1 and found.by_annotator["bob"] == pytest.approx(0.375)
    assert found.n_pairs == 3
    with pytest.raises(NotEnoughData, match="no image has objects of two annotators"):
        mask_agreement([{"ann": [_cell("cell", 0, 4)]}])


def test_the_majority_decides_each_pixel() -> None:
    masks = [from_rows("##.."), from_rows("#.#."), from_rows("#..#")]
    assert (consensus_mask(masks) == from_rows("#...")).all()
    assert (consensus_mask(masks[:2]) == from_rows("#...")).all()


def test_who_is_right_more_often_has_more_weight() -> None:
    masks = [from_rows("##.."), from_rows("#.#."), from_rows("#.#.")]
    assert (consensus_mask(masks, [0.95, 0.6, 0.6]) == masks[0]).all()
    assert (consensus_mask(masks, [0.5, 0.5, 0.5]) == masks[1]).all()


def test_objects_that_most_drew_stay() -> None:
    drawn = {
        "ann": [_cell("cell", 0, 4), _cell("dust", 7, 9)],
        "bob": [_cell("cell", 0, 5)],
        "cat": [_cell("cell", 1, 5), _cell("cell", 7, 9)],
    }
    ((agreed, share),) = consensus_objects(drawn)
    assert agreed.label == "cell" and share == 1
    assert (agreed.mask == _cells(0, 5)).all()
    shares = [share for _, share in consensus_objects(drawn, {"ann": 0.99, "bob": 0.6, "cat": 0.6})]
    assert len(shares) == 2 and shares[0] == 1


@pytest.mark.parametrize(
    ("masks", "qualities", "said"),
    [
        ([], None, "have no consensus"),
        ([np.ones((2, 2), bool), np.ones((2, 3), bool)], None, "have no consensus"),
        ([np.ones((2, 2), bool)], [0.5, 0.5], "for 1 annotators"),
        ([np.ones((2, 2), bool)], [1.5], "give one share from 0 to 1 each"),
    ],
)
def test_what_cannot_be_agreed_on_is_refused(masks: list[Mask], qualities: list[float] | None, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        consensus_mask(masks, qualities)
