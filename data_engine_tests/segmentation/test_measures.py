import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.segmentation.measures import boundary_f, clicks_needed


def _square(left: int, side: int) -> np.ndarray:  # type: ignore[type-arg]
    mask = np.zeros((100, 100), dtype=np.bool_)
    mask[20 : 20 + side, left : left + side] = True
    return mask


def test_edges_agree_up_to_the_tolerance() -> None:
    assert boundary_f(_square(20, 40), _square(20, 40)) == 1
    assert boundary_f(_square(20, 40), _square(21, 40)) == 1
    assert boundary_f(_square(20, 20), _square(70, 20)) == 0
    # Of the edge of either square, all but the side that moved by ten pixels lies on the other's lines.
    assert boundary_f(_square(20, 40), _square(30, 40)) == pytest.approx(0.5, abs=0.1)


def test_masks_without_edges() -> None:
    empty = _square(20, 0)
    assert boundary_f(empty, empty) == 1
    assert boundary_f(empty, _square(20, 9)) == 0
    with pytest.raises(InvalidInput, match="cannot be compared"):
        boundary_f(empty, empty[:5])


def test_clicks_are_counted_until_the_target() -> None:
    assert clicks_needed([0.7, 0.84, 0.86], 0.85) == 2
    assert clicks_needed([0.9], 0.85) == 0
    assert clicks_needed([0.1, 0.2], 0.85) == 20
    assert clicks_needed([0.1, 0.2, 0.9], 0.85, limit=1) == 1
