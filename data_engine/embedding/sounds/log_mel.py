"""The encoder of sounds that needs no weights: statistics of mel bands over the time of a clip; it knows no meaning.

Trained models are in `audio_transformer.py`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data_engine.embedding.encoder import Encoder, Progress
from data_engine.sound.clip import Clip
from data_engine.sound.spectra import N_MELS, log_mel

_BELOW_LOUDEST_DB = 55.0
#: Frames over which a band's change is taken: 20, 80 and 320 ms.
_LAGS = (2, 8, 32)
#: By what the statistics are divided, so that none outweighs the others: roughly what they differ by among sounds.
_SHAPE_DB, _SPREAD_DB, _CHANGE_DB = 12.0, 5.0, 5.0
_USUAL_SPREAD_DB, _USUAL_CHANGES_DB = 9.0, (4.0, 7.0, 9.0)
_DIM = N_MELS * (2 + len(_LAGS))


def load_log_mel(name: str) -> Encoder:
    """Mean, spread and changes of 64 mel bands at 16 kHz: 320 values, the same for a sound at any gain."""
    return Encoder(name=name, dim=_DIM, version=f"{name}-{_DIM}-1", _embed=_embed, modality="audio")


def statistics(clip: Clip) -> NDArray[np.float32]:
    """(320,) of 64 bands: the mean less that of all, the standard deviation, and the mean changes in 20 to 320 ms.

    All are of decibels, of which what lies 55 below the loudest counts as that much.
    """
    decibels = log_mel(clip)
    decibels = np.maximum(decibels, decibels.max() - _BELOW_LOUDEST_DB)
    mean = decibels.mean(axis=0)
    parts = [(mean - mean.mean()) / _SHAPE_DB, (decibels.std(axis=0) - _USUAL_SPREAD_DB) / _SPREAD_DB]
    for lag, usual_db in zip(_LAGS, _USUAL_CHANGES_DB, strict=True):
        apart = np.abs(decibels[lag:] - decibels[:-lag]).mean(axis=0) if len(decibels) > lag else np.zeros(N_MELS)
        parts.append((apart - usual_db) / _CHANGE_DB)
    return np.concatenate(parts).astype(np.float32)


def _embed(items: Sequence[Clip], advance: Progress) -> NDArray[np.float32]:
    rows = np.empty((len(items), _DIM), np.float32)
    for number, clip in enumerate(items):
        rows[number] = statistics(clip)
        advance(1)
    embedded: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return embedded
