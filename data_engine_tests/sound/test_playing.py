import numpy as np
import pytest

from data_engine.sound.clip import Clip, clip_of, wav_bytes
from data_engine.sound.playing import playable


def test_what_a_browser_plays_is_given_as_it_is() -> None:
    clip = Clip(np.ones((800, 2), np.int16), 44_100)
    assert playable(clip) == wav_bytes(clip)


@pytest.mark.parametrize(
    ("n_channels", "rate_hz", "played"), [(64, 8_000, (1, 8_000)), (1, 2_000, (1, 8_000)), (2, 192_000, (2, 48_000))]
)
def test_other_rates_and_many_channels_are_made_playable(
    n_channels: int, rate_hz: int, played: tuple[int, int]
) -> None:
    found = clip_of(playable(Clip(np.full((rate_hz, n_channels), 99, np.int16), rate_hz)))
    assert (found.n_channels, found.rate_hz) == played
    assert (
        found.duration_s == pytest.approx(1, abs=0.01) and abs(int(found.samples[len(found.samples) // 2, 0]) - 99) <= 1
    )
