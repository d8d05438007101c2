import numpy as np
import pytest

from data_engine.errors import InvalidInput
from data_engine.segmentation.crop import checked_prompt, crop_of

IMAGE = np.zeros((60, 100, 3), dtype=np.uint8)
POINTS = [[20, 30], [50, 10], [80, 30], [50, 50]]


def test_points_come_in_the_order_left_top_right_bottom() -> None:
    points, clicks = checked_prompt(IMAGE, POINTS[::-1], [(1, 2, 1)])
    assert points.tolist() == POINTS
    assert clicks == ((1.0, 2.0, True),)


def test_a_crop_holds_the_points_with_a_margin_and_leads_back() -> None:
    mask = np.zeros((60, 100), dtype=np.bool_)
    mask[10:50, 20:80] = True
    crop = crop_of(IMAGE, *checked_prompt(IMAGE, POINTS, []))
    assert crop.window == (11, 1, 89, 59)
    assert crop.pixels.shape == (119, 160, 3)
    assert crop.fine_pixels.shape == (238, 320, 3)
    assert crop.points[0] == pytest.approx([9 * 160 / 78, 29 * 119 / 58])
    assert (crop.outward(crop.inward(mask)) == mask).all()


def test_a_crop_on_fewer_pixels_is_never_enlarged() -> None:
    crop = crop_of(IMAGE, *checked_prompt(IMAGE, POINTS, []), side=48)
    assert crop.at(24).pixels.shape == (18, 24, 3)
    assert crop.at(24).points[0] == pytest.approx(crop.points[0] / 2)
    assert crop.at(96) is crop


def test_a_click_inside_the_object_widens_the_crop_and_one_outside_does_not() -> None:
    points, clicks = checked_prompt(IMAGE, POINTS, [(99, 5, True)])
    assert crop_of(IMAGE, points, clicks).window[2] == 100
    points, clicks = checked_prompt(IMAGE, POINTS, [(99, 5, False)])
    crop = crop_of(IMAGE, points, clicks)
    assert crop.window[2] == 89
    assert crop.clicks == ()


@pytest.mark.parametrize(
    ("image", "points", "clicks", "said"),
    [
        (IMAGE[:, :, 0], POINTS, [], r"the image has the shape \(60, 100\)"),
        (IMAGE.astype(float), POINTS, [], "the type float64; give .* uint8"),
        (IMAGE[:1, :1], POINTS, [], "at least 2 x 2 pixels"),
        (IMAGE, POINTS[:3], [], r"the extreme points have the shape \(3, 2\); give four xy"),
        (IMAGE, [*POINTS, [1, 1]], [], r"have the shape \(5, 2\)"),
        (IMAGE, "abcd", [], r"have the shape \(0,\)"),
        (IMAGE, [[1, 2], [3], [4, 5], [6, 7]], [], r"have the shape \(0,\)"),
        (
            IMAGE,
            [[20, 30], [50, 10], [101, 30], [50, 50]],
            [],
            r"extreme point \(101.0, 30.0\) is not inside the image",
        ),
        (IMAGE, [[20, 30], [50, -1], [80, 30], [50, 50]], [], "of 100 x 60 pixels; move it"),
        (IMAGE, [[20, 30], [50, np.nan], [80, 30], [50, 50]], [], r"extreme point \(50.0, nan\) is not inside"),
        (IMAGE, [[20, 30]] * 4, [], r"the extreme points all lie at \[20.0, 30.0\]"),
        (IMAGE, POINTS, [(3, 61, True)], r"the click \(3, 61\) is not inside the image"),
        (IMAGE, POINTS, [(np.inf, 6, True)], "the click"),
        (IMAGE, POINTS, [(3, 6)], r"click 0 is \(3, 6\); give x, y and whether"),
        (IMAGE, POINTS, [5], "click 0 is 5; give x, y and whether"),
    ],
)
def test_a_bad_prompt_says_what_is_wrong(image: object, points: object, clicks: object, said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        checked_prompt(image, points, clicks)  # type: ignore[arg-type]
