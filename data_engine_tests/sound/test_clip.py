import io

import numpy as np
import pytest
import soundfile

from data_engine.errors import InvalidInput
from data_engine.sound.clip import Clip, clip_of, to_samples, wav_bytes

STEREO = Clip(np.array([[0, 1], [-32768, 32767], [5, -5]], np.int16), 8_000)


def test_a_clip_comes_back_out_of_its_wav_file_and_other_libraries_read_it() -> None:
    content = wav_bytes(STEREO)
    again = clip_of(content)
    assert (again.samples == STEREO.samples).all() and again.rate_hz == 8_000
    values, rate_hz = soundfile.read(io.BytesIO(content), dtype="int16")
    assert (values == STEREO.samples).all() and rate_hz == 8_000 and len(content) == 44 + 12


def test_equal_samples_at_another_rate_are_another_sound() -> None:
    assert wav_bytes(STEREO) == wav_bytes(Clip(STEREO.samples.copy(), 8_000)) != wav_bytes(Clip(STEREO.samples, 8_001))


def test_values_are_rounded_and_what_is_too_loud_is_the_loudest() -> None:
    values = np.array([0, 0.5, 1, -1, -2, 1.4 / 32768, -1.6 / 32768], np.float32)
    assert to_samples(values).tolist() == [0, 16384, 32767, -32768, -32768, 1, -2]


def test_a_clip_says_how_long_it_is_and_mixes_its_channels() -> None:
    assert (STEREO.duration_s, STEREO.n_channels) == (3 / 8000, 2)
    assert STEREO.mono().tolist() == [0.5 / 32768, -0.5 / 32768, 0]


@pytest.mark.parametrize("content", [b"", b"RIFF", wav_bytes(STEREO)[:-1], b"x" * 60])
def test_what_is_no_such_file_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"give (a WAV file|one) that wav_bytes wrote"):
        clip_of(content)
