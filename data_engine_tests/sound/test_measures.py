import numpy as np
import pytest
from made_sounds import made

from data_engine.sound.clip import Clip, to_samples
from data_engine.sound.measures import SoundMeasures, measures_of
from data_engine.sound.spectra import resampled


def _measured(values: np.ndarray, rate_hz: int = 8_000) -> SoundMeasures:
    return measures_of(Clip(to_samples(values.reshape(len(values), -1).astype(np.float32)), rate_hz))


def _sine(hz: float, seconds: float = 1.0, rate_hz: int = 8_000) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)


def test_a_sine_has_its_length_level_and_bandwidth() -> None:
    found = _measured(_sine(1_000))
    assert (found.duration_s, found.silence_share, found.clipping_share) == (1.0, 0.0, 0.0)
    assert found.level_db == pytest.approx(-9.03, abs=0.01) and found.dc_offset < 1e-4
    assert found.bandwidth_hz == pytest.approx(1_000, abs=120) and found.flatness < 1e-3


def test_two_fifths_of_silence_are_two_fifths() -> None:
    assert _measured(np.concatenate([_sine(500, 0.6), np.zeros(3_200)])).silence_share == 0.4
    nothing = _measured(np.zeros(100))
    assert nothing[:6] == (100 / 8_000, 1.0, 0.0, -120.0, 0.0, 0.0)


def test_only_runs_of_three_at_full_scale_are_clipping_and_the_worst_channel_counts() -> None:
    values = np.zeros((100, 2))
    values[10:13, 1], values[20:22, 1], values[40:44, 1] = 1, 1, -1
    assert _measured(values).clipping_share == 0.07


def test_an_offset_of_one_channel_is_found() -> None:
    values = np.column_stack([_sine(440), _sine(440) - 0.25])
    assert _measured(values).dc_offset == pytest.approx(0.25, abs=1e-3)


def test_telephony_in_a_file_of_44100_hz_fills_a_fifth_of_it() -> None:
    speech = resampled(made("speech", 3, 2.0, 8_000), 8_000, 44_100)
    found = _measured(speech, 44_100)
    assert 3_000 < found.bandwidth_hz < 4_300 and found.bandwidth_share < 0.2
    assert _measured(made("speech", 3, 2.0, 44_100), 44_100).bandwidth_share > 0.35


def test_white_noise_is_flat_and_fills_its_rate() -> None:
    found = _measured(0.1 * np.random.default_rng(0).standard_normal(40_000))
    assert found.flatness > 0.9 and found.bandwidth_share > 0.98


def test_a_single_sample_is_measured() -> None:
    assert _measured(np.array([0.5])).duration_s == 1 / 8_000
