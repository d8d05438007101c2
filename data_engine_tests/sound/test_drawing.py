import numpy as np

from data_engine.sound.clip import Clip
from data_engine.sound.drawing import drawn


def _brightness(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(int).sum(axis=2)


def test_a_tone_that_starts_in_the_middle_is_bright_at_the_right_and_at_its_height() -> None:
    values = np.zeros(16_000, np.int16)
    values[8_000:] = 16_000 * np.sin(2 * np.pi * 1_000 * np.arange(8_000) / 16_000)
    pixels = drawn(Clip(values[:, None], 16_000), 200, 150)
    assert pixels.shape == (150, 200, 3) and pixels.dtype == np.uint8
    spectrogram = _brightness(pixels[51:])
    assert spectrogram[:, 120:].max() > 2 * spectrogram[:, :90].max()
    brightest = spectrogram[:, 150].argmax() / 99
    assert 0.55 < brightest < 0.75
    wave = (pixels[:51] == (140, 196, 232)).all(axis=2)
    assert wave[:, 150].sum() > 20 and wave[:, 50].sum() <= 2


def test_a_single_sample_and_silence_are_drawn() -> None:
    for n in (1, 500):
        assert drawn(Clip(np.zeros((n, 2), np.int16), 8_000), 64, 48).shape == (48, 64, 3)
