import numpy as np
import pytest
from made_sounds import KINDS, RATE_HZ, made, through_mp3

from data_engine.embedding.sounds.log_mel import load_log_mel, statistics
from data_engine.sound.clip import Clip, to_samples


def _clip(values: np.ndarray) -> Clip:
    return Clip(to_samples(values)[:, None], RATE_HZ)


def test_sounds_of_a_kind_are_nearer_to_each_other_than_to_others() -> None:
    clips = [_clip(made(kind, seed, 3.0)) for kind in KINDS for seed in range(4)]
    rows = load_log_mel("log-mel-statistics").encode(clips)
    assert rows.shape == (24, 320) and np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    alike = rows @ rows.T
    np.fill_diagonal(alike, -1)
    assert (alike.argmax(axis=1) // 4 == np.arange(24) // 4).mean() >= 0.8


def test_neither_gain_nor_mp3_changes_much() -> None:
    values = made("speech", 5, 3.0)
    own, quiet, lossy = (
        load_log_mel("log-mel-statistics").encode([_clip(one)])[0]
        for one in (values, values / 8, through_mp3(64)(values))
    )
    assert own @ quiet > 0.995 and own @ lossy > 0.9


@pytest.mark.parametrize("n", [1, 40, 700])
def test_the_shortest_clips_and_silence_have_an_embedding(n: int) -> None:
    assert np.isfinite(statistics(_clip(np.zeros(n, np.float32)))).all()
