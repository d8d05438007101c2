"""Clip: a piece of sound as 16-bit samples, and the one form of WAV file that its id is the hash of.

Other files are read in `opening.py`.
"""

import struct
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from data_engine.errors import InvalidInput

Samples = NDArray[np.int16]

FULL_SCALE = 32768
_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_PCM, _BITS = 1, 16


@dataclass(frozen=True, eq=False)
class Clip:
    """A piece of sound.

    Attributes:
        samples: (n, n_channels) int16, as they were decoded: no other rate, no channels mixed.
        rate_hz: Samples per second.
    """

    modality: ClassVar[str] = "audio"

    samples: Samples
    rate_hz: int

    @property
    def duration_s(self) -> float:
        """Its length in seconds."""
        return len(self.samples) / self.rate_hz

    @property
    def n_channels(self) -> int:
        """1 is mono."""
        return int(self.samples.shape[1])

    def mono(self) -> NDArray[np.float32]:
        """(n,) the mean of the channels, in [-1, 1)."""
        mixed: NDArray[np.float32] = self.samples.mean(axis=1, dtype=np.float32) / np.float32(FULL_SCALE)
        return mixed

    def values(self) -> NDArray[np.float32]:
        """(n, n_channels) the samples in [-1, 1)."""
        return self.samples.astype(np.float32) / np.float32(FULL_SCALE)


def to_samples(values: NDArray[np.float32]) -> Samples:
    """Rounds values in [-1, 1) to 16 bits; louder ones become the loudest. Exact for what had 16 bits."""
    rounded: Samples = np.clip(np.rint(values * np.float32(FULL_SCALE)), -FULL_SCALE, FULL_SCALE - 1).astype(np.int16)
    return rounded


def wav_bytes(clip: Clip) -> bytes:
    """The clip as a WAV file of 16 bits; equal samples at an equal rate give equal bytes."""
    content, n_channels = clip.samples.astype("<i2", copy=False).tobytes(), clip.n_channels
    width = n_channels * _BITS // 8
    size = _HEADER.size - 8 + len(content)
    of_file = (b"RIFF", size, b"WAVE")
    of_format = (b"fmt ", 16, _PCM, n_channels, clip.rate_hz, clip.rate_hz * width, width, _BITS)
    return _HEADER.pack(*of_file, *of_format, b"data", len(content)) + content


def clip_of(content: bytes) -> Clip:
    """The clip in a WAV file that `wav_bytes` wrote. Raises: InvalidInput for any other file."""
    if len(content) < _HEADER.size:
        raise InvalidInput(f"a clip has {len(content)} bytes; give a WAV file that wav_bytes wrote")
    riff, _, wave, _, _, form, n_channels, rate_hz, _, _, bits, data, n_bytes = _HEADER.unpack_from(content)
    is_ours = (riff, wave, form, bits, data) == (b"RIFF", b"WAVE", _PCM, _BITS, b"data") and n_channels and rate_hz
    if not is_ours or n_bytes != len(content) - _HEADER.size:
        raise InvalidInput("a clip is no WAV file of 16 bits with a header of 44 bytes; give one that wav_bytes wrote")
    return Clip(np.frombuffer(content, "<i2", offset=_HEADER.size).reshape(-1, n_channels), rate_hz)
