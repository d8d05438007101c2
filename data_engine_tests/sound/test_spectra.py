import numpy as np

from data_engine.sound.clip import Clip, to_samples
from data_engine.sound.spectra import MEL_RATE_HZ, N_MELS, log_mel, mel_bands, mono_at, powers, resampled


def _sine(hz: float, rate_hz: int, seconds: float = 1.0, height: float = 1.0) -> np.ndarray:
    return (height * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def test_a_sine_of_full_scale_has_a_quarter_at_its_bin() -> None:
    found = powers(_sine(1_000, 8_000), 512, 256)
    assert found.shape == (30, 257) and (found.argmax(axis=1) == 64).all()
    assert np.allclose(found[:, 64], 0.25, atol=1e-4)


def test_what_is_shorter_than_a_window_is_filled_with_zeros() -> None:
    assert powers(np.ones(3, np.float32), 512, 128).shape == (1, 257)
    assert powers(np.empty(0, np.float32), 512, 128).max() == 0


def test_another_rate_keeps_the_sound_and_drops_what_it_cannot_hold() -> None:
    low, high = _sine(440, 44_100), _sine(9_000, 44_100)
    assert np.allclose(resampled(low, 44_100, 16_000)[2_000:9_000], _sine(440, 16_000)[2_000:9_000], atol=1e-3)
    assert np.abs(resampled(high, 44_100, 16_000)[2_000:9_000]).max() < 1e-3
    assert resampled(low, 44_100, 44_100) is low


def test_mel_bands_have_area_one_and_rise_in_order() -> None:
    bands = mel_bands(257, MEL_RATE_HZ)
    assert bands.shape == (257, N_MELS) and np.allclose(bands.sum(axis=0), 1)
    assert (np.diff(bands.argmax(axis=0)) >= 0).all()


def test_the_loudest_band_is_that_of_the_tone_and_silence_is_100_below() -> None:
    clip = Clip(to_samples(_sine(1_000, MEL_RATE_HZ, height=0.5))[:, None], MEL_RATE_HZ)
    loudest = int(log_mel(clip).mean(axis=0).argmax())
    peak_hz = np.linspace(0, 8_000, 257)[mel_bands(257, MEL_RATE_HZ)[:, loudest].argmax()]
    assert abs(peak_hz - 1_000) < 60
    silent = Clip(np.zeros((8_000, 2), np.int16), MEL_RATE_HZ)
    assert np.allclose(log_mel(silent), -100) and mono_at(silent, 8_000).shape == (4_000,)
