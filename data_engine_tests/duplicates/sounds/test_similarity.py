import numpy as np
import pytest
from made_sounds import CHANGES, KINDS, RATE_HZ, made

from data_engine.duplicates.sounds.similarity import N_KEYS, keys, similarity
from data_engine.sound.clip import Clip, to_samples
from data_engine.sound.landmarks import EMPTY, N_LANDMARKS, sketch_of

LIMIT = 0.05


def _sketch(values: np.ndarray) -> np.ndarray:
    return np.frombuffer(sketch_of(Clip(to_samples(values)[:, None], RATE_HZ)), np.uint8)


@pytest.fixture(scope="module")
def sounds() -> dict[tuple[str, int], np.ndarray]:
    return {(kind, seed): made(kind, seed) for kind in KINDS for seed in (1, 2)}


@pytest.fixture(scope="module")
def sketches(sounds: dict[tuple[str, int], np.ndarray]) -> np.ndarray:
    return np.stack([_sketch(values) for values in sounds.values()])


def _of(landmarks: list[tuple[int, int]]) -> np.ndarray:
    """The sketch of landmarks (hash, frame) that a person can count."""
    row = np.full(N_LANDMARKS, EMPTY, np.uint32)
    row[: len(landmarks)] = sorted(hash_ << 10 | frame for hash_, frame in landmarks)
    return row.view(np.uint8)


def test_landmarks_count_where_they_agree_at_one_shift() -> None:
    own = _of([(number, 10 * number) for number in range(20)])
    later = _of([(number, 10 * number + 7) for number in range(10)])
    scattered = _of([(number, 11 * number) for number in range(20)])
    two_shifts = _of([(number, 10 * number + 300 * (number % 2)) for number in range(20)])
    found = similarity(own, np.stack([own, later, scattered, two_shifts]))
    assert found.tolist() == [1.0, 1.0, 0.0, 0.5]


def test_neighbouring_shifts_are_one_and_fewer_than_six_are_chance() -> None:
    own = _of([(number, 10 * number) for number in range(20)])
    half_a_frame = _of([(number, 10 * number + number % 2) for number in range(20)])
    five = _of([(number, 10 * number) for number in range(5)])
    assert similarity(own, np.stack([half_a_frame, five])).tolist() == [1.0, 0.0]


def test_frames_begin_anew_and_still_agree() -> None:
    own = _of([(number, number) for number in range(10)])
    before = _of([(number, (number - 3) % 1024) for number in range(10)])
    assert similarity(own, before[None]).tolist() == [1.0]


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_sound_is_found_and_is_like_its_own_only(
    change: str, sounds: dict[tuple[str, int], np.ndarray], sketches: np.ndarray
) -> None:
    for number, (kind, seed) in enumerate(sounds):
        if seed != 1:
            continue
        changed = _sketch(CHANGES[change](sounds[kind, seed]))
        found = similarity(changed, sketches)
        assert found[number] >= LIMIT, (kind, found[number])
        assert np.delete(found, number).max() < LIMIT / 2
        assert (keys(changed[None]) == keys(sketches[number : number + 1])).any()


def test_different_sounds_share_few_keys(sketches: np.ndarray) -> None:
    found = keys(sketches)
    assert found.shape == (N_KEYS, len(sketches)) and found.dtype == np.uint64
    shared = (found[:, :, None] == found[:, None, :]).any(axis=0)
    assert shared.diagonal().all() and (shared.sum() - len(sketches)) / len(sketches) < 2
