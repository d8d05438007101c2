import numpy as np
import pytest
from made_sounds import RATE_HZ, made

from data_engine.filtering.rules.measuring import first_broken, limits_of, measure_of
from data_engine.filtering.rules.media.sound_look import SoundLook
from data_engine.filtering.rules.media.sound_rules import SOUND_RULES
from data_engine.sound.clip import Clip, to_samples
from data_engine.sound.measures import SoundMeasures, measures_of

SPEECH = made("speech", 1, 1.0)

#: What each rule is made to reject, and the limit where it has none of its own.
CASES: dict[str, tuple[np.ndarray, float | None]] = {
    "short_sound": (SPEECH[:1_000], None),
    "long_sound": (SPEECH, 0.5),
    "silent": (np.concatenate([np.zeros(RATE_HZ * 2, np.float32), SPEECH[2_000:2_441]]), None),
    "clipped_sound": (np.clip(SPEECH * 40, -1, 1), None),
    "dc_offset": (SPEECH + np.float32(0.3), None),
    "narrow_band": (0.5 * np.sin(np.arange(RATE_HZ, dtype=np.float32) * 0.1), 3_000),
    "upsampled": (0.5 * np.sin(np.arange(RATE_HZ, dtype=np.float32) * 0.1), 0.3),
    "quiet_sound": (SPEECH / 20, -40),
    "noise_like": (0.1 * np.random.default_rng(0).standard_normal(RATE_HZ), 0.8),
}


def _look(values: np.ndarray) -> SoundLook:
    return SoundLook(measures_of(Clip(to_samples(values.astype(np.float32))[:, None], RATE_HZ)), b"")


def test_every_rule_has_a_case() -> None:
    assert list(CASES) == [rule.name for rule in SOUND_RULES]


@pytest.mark.parametrize("name", CASES)
def test_a_rule_rejects_what_it_is_for_and_keeps_speech(name: str) -> None:
    values, limit = CASES[name]
    limits = limits_of("audio", {} if limit is None else {name: limit})
    measure = measure_of("audio", limits)
    signals, of_speech = measure(_look(values)), measure(_look(SPEECH))
    broken = first_broken(signals or {}, limits)
    assert broken is not None and broken.rule.name == name
    assert name == "long_sound" or first_broken(of_speech or {}, limits) is None


def test_the_signals_are_all_that_is_measured() -> None:
    assert {rule.signal for rule in SOUND_RULES} == set(SoundMeasures._fields)
