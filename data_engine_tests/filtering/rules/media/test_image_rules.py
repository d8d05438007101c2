from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter

from data_engine.filtering import ImageLook, look_at
from data_engine.filtering.rules.measuring import first_broken, limits_of, measure
from data_engine.filtering.rules.media import image_rules
from data_engine.filtering.rules.media.image_rules import IMAGE_RULES
from data_engine.images import DecodedImage


def seen(image: Image.Image) -> ImageLook:
    look = look_at(DecodedImage(image, "image/png", *image.size))
    assert look is not None
    return look


def flat(colour: tuple[int, int, int], size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.new("RGB", size, colour)


def halves(left: tuple[int, int, int], right: tuple[int, int, int]) -> Image.Image:
    image = flat(left)
    image.paste(right, (20, 0, 40, 30))
    return image


def noise(size: tuple[int, int] = (64, 48)) -> Image.Image:
    values = np.random.default_rng(5).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(values)


def framed(image: Image.Image, bar: int, colour: str = "black") -> Image.Image:
    """The image between two horizontal bars."""
    sheet = Image.new("RGB", (image.width, image.height + 2 * bar), colour)
    sheet.paste(image, (0, bar))
    return sheet


BLACK, WHITE, RED, GREEN = (0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 255, 0)


@pytest.mark.parametrize(
    ("score", "image", "expected"),
    [
        (image_rules.shorter_side_px, flat(RED, (400, 30)), 30),
        (image_rules.aspect, flat(RED, (400, 30)), 400 / 30),
        (image_rules.aspect, flat(RED, (30, 400)), 400 / 30),
        (image_rules.entropy_bits, flat(RED), 0),
        (image_rules.entropy_bits, halves(BLACK, WHITE), 1),
        (image_rules.solid_share, flat(RED), 1),
        (image_rules.solid_share, halves(RED, GREEN), 0),
        (image_rules.sharpness, flat(RED), 0),
        (image_rules.sharpness, flat(RED, (2, 2)), None),
        (image_rules.brightness, halves(BLACK, WHITE), 127.5),
        (image_rules.clipped_dark_share, halves(BLACK, WHITE), 0.5),
        (image_rules.clipped_bright_share, halves(RED, WHITE), 0.5),
        (image_rules.bars_share, framed(noise(), 8), 16 / 64),
        (image_rules.bars_share, framed(noise(), 8).transpose(Image.Transpose.ROTATE_90), 16 / 64),
        (image_rules.bars_share, framed(noise(), 8, "white"), 0),
        (image_rules.bars_share, flat(BLACK), 0),
        (image_rules.colourfulness, halves(BLACK, WHITE), 0),
        # Red alone: no spread, means (255, 127.5), 0.3 times their length.
        (image_rules.colourfulness, flat(RED), 0.3 * np.hypot(255, 127.5)),
        # Red and green: rg is 255 and -255, yb 127.5 throughout: the spread is 255, the mean (0, 127.5).
        (image_rules.colourfulness, halves(RED, GREEN), 255 + 0.3 * 127.5),
        (image_rules.is_greyscale, halves(BLACK, WHITE), 1),
        (image_rules.is_greyscale, halves(BLACK, RED), 0),
        (image_rules.orientation, flat(RED, (40, 30)), 1),
        (image_rules.orientation, flat(RED, (30, 40)), -1),
        (image_rules.orientation, flat(RED, (30, 30)), 0),
    ],
)
def test_scores_are_those_computed_by_hand(
    score: Callable[[ImageLook], float | None],
    image: Image.Image,
    expected: float | None,
) -> None:
    assert score(seen(image)) == (None if expected is None else pytest.approx(expected, abs=1e-3))


def test_a_blurred_image_is_less_sharp() -> None:
    sharp, blurred = noise(), noise().filter(ImageFilter.GaussianBlur(2))
    assert (image_rules.sharpness(seen(sharp)) or 0) > 20 * (image_rules.sharpness(seen(blurred)) or 0)


def test_rules_look_at_a_small_version_and_know_the_stored_size() -> None:
    look = seen(noise((1000, 500)))
    assert (look.width_px, look.height_px) == (1000, 500)
    assert look_at(DecodedImage(None, error="broken image")) is None


def test_only_what_is_broken_for_every_purpose_is_rejected_by_default() -> None:
    limits = limits_of("image")
    assert [limit.rule.name for limit in limits] == ["too_small", "extreme_aspect", "near_solid", "low_entropy"]
    images = [noise(), flat(RED), flat(RED, (10, 10)), noise((400, 20)), framed(noise(), 8)]
    signals = measure(map(seen, images), "image", limits)
    broken = [first_broken(found or {}, limits) for found in signals]
    assert [limit and limit.rule.name for limit in broken] == [None, "near_solid", "too_small", "extreme_aspect", None]
    assert all(set(found or {}) == {rule.signal for rule in IMAGE_RULES} for found in signals)


def test_published_limits_are_switched_on_by_name() -> None:
    limits = {limit.rule.name: limit.limit for limit in limits_of("image", {"blurred": True}, rule_sets=("laion",))}
    assert (limits["too_small"], limits["blurred"]) == (64, 100)
