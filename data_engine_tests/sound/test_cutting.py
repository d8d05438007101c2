import numpy as np
import pytest

from data_engine.sound.clip import Samples
from data_engine.sound.cutting import Cutting, cut, level_db

RATE_HZ = 1_000


def _loud(seconds: float, level: int = 10_000) -> Samples:
    return np.full((round(seconds * RATE_HZ), 1), level, np.int16)


def _quiet(seconds: float) -> Samples:
    return _loud(seconds, 1)


def _cut(parts: list[Samples], cutting: Cutting, block: int = 333) -> list[tuple[float, float]]:
    """Beginnings and ends in seconds; the samples have to be those of the sound there."""
    sound = np.concatenate(parts)
    blocks = [sound[start : start + block] for start in range(0, len(sound), block)]
    found = list(cut(blocks, RATE_HZ, cutting))
    assert all((sound[start : start + len(samples)] == samples).all() for start, samples in found)
    return [(start / RATE_HZ, (start + len(samples)) / RATE_HZ) for start, samples in found]


@pytest.mark.parametrize(
    ("seconds", "step_s", "expected"),
    [
        (2.5, None, [(0, 1), (1, 2), (2, 2.5)]),
        (2.0, None, [(0, 1), (1, 2)]),
        (0.3, None, [(0, 0.3)]),
        (2.05, None, [(0, 1), (1, 2.05)]),
        (2.051, None, [(0, 1), (1, 2), (2, 2.051)]),
        (2.0, 0.5, [(0, 1), (0.5, 1.5), (1, 2)]),
        (2.1, 0.5, [(0, 1), (0.5, 1.5), (1, 2), (1.5, 2.1)]),
        (2.03, 0.5, [(0, 1), (0.5, 1.5), (1, 2.03)]),
    ],
)
def test_clips_by_length_cover_the_sound(
    seconds: float, step_s: float | None, expected: list[tuple[float, float]]
) -> None:
    sound = np.arange(round(seconds * RATE_HZ), dtype=np.int16)[:, None]
    assert _cut([sound], Cutting(1.0, step_s)) == expected


def test_no_sound_has_no_clip() -> None:
    assert _cut([np.empty((0, 1), np.int16)], Cutting(1.0)) == []


BY_SILENCE = Cutting(clip_s=5.0, silence_db=-50, pause_s=0.3, min_s=0.5)


@pytest.mark.parametrize("block", [7, 333, 100_000])
def test_pauses_part_clips_and_a_tenth_of_a_second_stays_around_them(block: int) -> None:
    parts = [_quiet(1), _loud(1), _quiet(0.6), _loud(0.8), _quiet(2)]
    assert _cut(parts, BY_SILENCE, block) == [(0.9, 2.1), (2.5, 3.5)]


def test_a_short_pause_parts_nothing_and_a_short_clip_goes_on_over_a_long_one() -> None:
    assert _cut([_loud(1), _quiet(0.2), _loud(1)], BY_SILENCE) == [(0, 2.2)]
    assert _cut([_loud(0.2), _quiet(0.4), _loud(1)], BY_SILENCE) == [(0, 1.6)]


def test_a_long_clip_ends_where_its_second_half_is_quietest() -> None:
    parts = [_loud(3), _loud(0.1, 3_000), _loud(4)]
    assert _cut(parts, BY_SILENCE) == [(0, 3.02), (3.02, 7.1)]


def test_what_is_silent_all_the_way_has_no_clip() -> None:
    assert _cut([_quiet(9)], BY_SILENCE) == []


def test_the_level_is_that_of_all_channels_in_decibels_of_full_scale() -> None:
    square = np.array([[-32768, -32768], [-32768, -32768]], np.int16)
    assert level_db(square) == 0 and level_db(np.zeros((4, 1), np.int16)) == -np.inf
    assert round(level_db(square // 2), 2) == -6.02
    assert round(level_db(np.array([[16384, -16384]], np.int16)), 2) == -6.02
