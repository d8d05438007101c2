import numpy as np
from made_sounds import RATE_HZ, made

from data_engine.sound.clip import Clip, to_samples
from data_engine.sound.landmarks import EMPTY, FRAME_BITS, SKETCH_BYTES, landmarks_of, sketch_of


def _clip(values: np.ndarray, rate_hz: int = RATE_HZ) -> Clip:
    return Clip(to_samples(values.astype(np.float32))[:, None], rate_hz)


def test_two_beeps_are_two_peaks_and_one_pair() -> None:
    values = np.zeros(16_000)
    for at, hz in ((2_048, 1_000), (6_144, 1_250)):
        values[at : at + 1_024] = 0.5 * np.sin(2 * np.pi * hz * np.arange(1_024) / 8_000) * np.hanning(1_024)
    found = landmarks_of(_clip(values, 8_000)).tolist()
    # 1,000 Hz are bin 128 of 7.8 Hz each, counted from bin 16; 250 Hz more are 32 bins, and 4,096 samples 32 frames.
    assert [(128 - 16) << 13 | (64 + 32) << 6 | 32, (2_048 + 512) // 128] in found and len(found) < 4


def test_the_same_sound_has_the_same_landmarks_at_any_gain() -> None:
    values = made("melody", 1)
    quiet = landmarks_of(_clip(values / 4))
    own = {tuple(row) for row in landmarks_of(_clip(values)).tolist()}
    assert len(own & {tuple(row) for row in quiet.tolist()}) > 0.9 * len(own)


def test_landmarks_begin_later_where_the_sound_does() -> None:
    values = made("chirps", 1)
    late = landmarks_of(_clip(np.concatenate([np.zeros(RATE_HZ * 16 * 128 // 8_000, np.float32), values])))
    assert abs(int(late[:, 1].min()) - int(landmarks_of(_clip(values))[:, 1].min()) - 16) <= 1


def test_silence_has_no_landmarks_and_no_sketch() -> None:
    assert landmarks_of(_clip(np.zeros(9_000))).shape == (0, 2)
    assert sketch_of(_clip(np.zeros(9_000))) == b""
    assert sketch_of(_clip(np.array([0.5]))) == b""


def test_a_sketch_has_one_length_is_ascending_and_is_filled_where_there_is_little() -> None:
    long, short = sketch_of(_clip(made("speech", 1, 12.0))), sketch_of(_clip(made("speech", 1, 1.0)))
    assert len(long) == len(short) == SKETCH_BYTES
    words = np.frombuffer(short, "<u4")
    assert (np.diff(words.astype(np.int64)) >= 0).all() and words[-1] == EMPTY and words[0] != EMPTY
    assert FRAME_BITS == 10
