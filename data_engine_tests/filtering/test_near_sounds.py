import numpy as np
from made_sounds import RATE_HZ, Values, made, through_mp3

from data_engine.duplicates.fingerprints import find_fingerprint_twins
from data_engine.filtering.near_sounds import LANDMARKS
from data_engine.modalities import find_modality
from data_engine.sound.clip import Clip, to_samples
from data_engine.sound.landmarks import sketch_of

LIMIT = find_modality("audio").defaults["first_pass"]["near_duplicate_similarity"]


def _sketch(values: Values) -> bytes:
    return sketch_of(Clip(to_samples(values)[:, None], RATE_HZ))


def test_a_lossy_copy_of_a_kept_sound_is_its_near_duplicate_and_other_sounds_are_none() -> None:
    first, second = made("speech", 1), made("melody", 1)
    batch = [second, np.asarray(through_mp3(64)(first)[1_000:] / 2), made("speech", 2)]
    twins = find_fingerprint_twins(
        LANDMARKS, [_sketch(one) for one in batch], threshold=LIMIT, accepted=[_sketch(first)]
    )
    assert [None if twin is None else (twin.is_accepted, twin.row) for twin in twins] == [None, (True, 0), None]
