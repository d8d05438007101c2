"""Sounds that are made for tests and measurements: like speech, melodies, hums, noise, rhythms and chirps; of nobody.

They are sums of sines and filtered noise by a seed; what they stand for in files and after changes is here too.
"""

import io
from collections.abc import Callable

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import lfilter

from data_engine.sound.spectra import resampled

Values = NDArray[np.float32]

RATE_HZ = 22_050


def _noise(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.standard_normal(n)


def _resonance(values: NDArray[np.float64], hz: float, width_hz: float, rate_hz: int) -> NDArray[np.float64]:
    radius = np.exp(-np.pi * width_hz / rate_hz)
    turn = 2 * radius * np.cos(2 * np.pi * hz / rate_hz)
    return np.asarray(lfilter([1 - radius], [1, -turn, radius**2], values))


def speech(rng: np.random.Generator, seconds: float, rate_hz: int) -> NDArray[np.float64]:
    """Syllables: pulses of a wandering pitch, or hissing, through two resonances; pauses between words."""
    pieces, left = [], round(seconds * rate_hz)
    pitch = rng.uniform(90, 240)
    while left > 0:
        n = min(left, round(rng.uniform(0.09, 0.26) * rate_hz))
        kind = rng.random()
        if kind < 0.15:
            pieces.append(np.zeros(n))
        else:
            pitch = float(np.clip(pitch * rng.uniform(0.88, 1.13), 80, 320))
            turns = np.cumsum(pitch * np.linspace(1, rng.uniform(0.9, 1.1), n) / rate_hz)
            pulses = np.diff(np.floor(turns), prepend=0.0) + 0.01 * _noise(rng, n)
            source = 0.5 * _noise(rng, n) if kind < 0.3 else pulses
            first, second = rng.uniform(280, 850), rng.uniform(900, 2600)
            voiced = _resonance(source, first, 90, rate_hz) + 0.6 * _resonance(source, second, 130, rate_hz)
            voiced += 0.3 * _resonance(source, rng.uniform(2600, 3400), 200, rate_hz)
            pieces.append(
                voiced / (np.abs(voiced).max() + 1e-9) * np.sin(np.linspace(0, np.pi, n)) * rng.uniform(0.4, 1)
            )
        left -= n
    return np.concatenate(pieces)


def melody(rng: np.random.Generator, seconds: float, rate_hz: int) -> NDArray[np.float64]:
    """Notes of a scale with overtones, each struck and fading."""
    n = round(seconds * rate_hz)
    found = np.zeros(n)
    root, scale = rng.uniform(160, 330), np.array([0, 2, 4, 5, 7, 9, 11, 12, 14])
    at = 0
    while at < n:
        length = round(rng.choice([0.15, 0.2, 0.3, 0.45]) * rate_hz)
        hz = root * 2 ** (rng.choice(scale) / 12)
        t = np.arange(min(n - at, 2 * length)) / rate_hz
        note = sum(np.sin(2 * np.pi * hz * k * t) / k**1.4 for k in range(1, 7))
        found[at : at + len(t)] += note * np.exp(-4 * t) * rng.uniform(0.5, 1)
        at += length
    return found


def hum(rng: np.random.Generator, seconds: float, rate_hz: int) -> NDArray[np.float64]:
    """Tones that hold, each with a slow beat and a little noise: a machine."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    found = 0.02 * _noise(rng, len(t))
    for _ in range(5):
        beat = 1 + 0.5 * np.sin(2 * np.pi * rng.uniform(0.3, 4) * t + rng.uniform(0, 6))
        found += rng.uniform(0.2, 1) * beat * np.sin(2 * np.pi * rng.uniform(60, 3000) * t)
    return found


def noise(rng: np.random.Generator, seconds: float, rate_hz: int) -> NDArray[np.float64]:
    """Noise of a colour with gusts: wind, rain, waves."""
    n = round(seconds * rate_hz)
    coloured = _resonance(_noise(rng, n), rng.uniform(200, 3000), rng.uniform(500, 3000), rate_hz)
    gusts = np.interp(np.arange(n), np.linspace(0, n, 12), rng.uniform(0.2, 1, 12))
    return coloured * gusts


def rhythm(rng: np.random.Generator, seconds: float, rate_hz: int) -> NDArray[np.float64]:
    """Drums in a pattern of sixteen that repeats."""
    n = round(seconds * rate_hz)
    found, step = np.zeros(n + rate_hz), rng.uniform(0.1, 0.16)
    strikes = rng.random((3, 16)) < np.array([[0.3], [0.25], [0.6]])
    for number in range(int(seconds / step)):
        at, t = round(number * step * rate_hz), np.arange(round(0.25 * rate_hz)) / rate_hz
        if strikes[0, number % 16]:
            found[at : at + len(t)] += np.sin(2 * np.pi * (50 * t + 12 * (1 - np.exp(-18 * t)))) * np.exp(-14 * t)
        if strikes[1, number % 16]:
            struck = _resonance(_noise(rng, len(t)), rng.uniform(300, 900), 900, rate_hz)
            found[at : at + len(t)] += 3 * struck * np.exp(-22 * t)
        if strikes[2, number % 16]:
            found[at : at + len(t)] += 0.25 * np.diff(_noise(rng, len(t) + 1)) * np.exp(-60 * t)
    return found[:n]


def chirps(rng: np.random.Generator, seconds: float, rate_hz: int) -> NDArray[np.float64]:
    """Sweeps up and down between pauses: birds."""
    n = round(seconds * rate_hz)
    found, at = 0.01 * _noise(rng, n), round(rng.uniform(0, 0.2) * rate_hz)
    while at < n:
        length = min(n - at, round(rng.uniform(0.05, 0.3) * rate_hz))
        path = np.linspace(rng.uniform(1500, 3800), rng.uniform(1500, 3800), length)
        path += rng.uniform(0, 300) * np.sin(np.linspace(0, rng.uniform(5, 60), length))
        found[at : at + length] += np.sin(2 * np.pi * np.cumsum(path) / rate_hz) * np.sin(np.linspace(0, np.pi, length))
        at += length + round(rng.uniform(0.03, 0.3) * rate_hz)
    return found


KINDS: dict[str, Callable[[np.random.Generator, float, int], NDArray[np.float64]]] = {
    "speech": speech,
    "melody": melody,
    "hum": hum,
    "noise": noise,
    "rhythm": rhythm,
    "chirps": chirps,
}


def made(kind: str, seed: int, seconds: float = 5.0, rate_hz: int = RATE_HZ) -> Values:
    """(n,) a sound of a kind, its peak at a half."""
    values = KINDS[kind](np.random.default_rng([seed, list(KINDS).index(kind)]), seconds, rate_hz)
    return np.asarray(0.5 * values / np.abs(values).max(), np.float32)


def written(
    values: Values, rate_hz: int = RATE_HZ, form: str = "WAV", encoding: str | None = None, **how: object
) -> bytes:
    """The bytes of a sound file; written a piece at a time, because Vorbis overflows the stack over long ones."""
    columns = values if values.ndim == 2 else values[:, None]
    target = io.BytesIO()
    with soundfile.SoundFile(target, "w", rate_hz, columns.shape[1], subtype=encoding, format=form, **how) as file:
        for start in range(0, len(columns), rate_hz):
            file.write(columns[start : start + rate_hz])
    return target.getvalue()


def as_mp3(values: Values, kbit: int, rate_hz: int = RATE_HZ) -> bytes:
    """An MP3 file with a constant bit rate in kbit/s."""
    highest, lowest = (320, 32) if rate_hz >= 32_000 else (160, 8)
    level = (highest - kbit) / (highest - lowest)
    return written(values, rate_hz, "MP3", "MPEG_LAYER_III", bitrate_mode="CONSTANT", compression_level=level)


def read(content: bytes) -> tuple[Values, int]:
    """Mono values of a sound file, and their rate."""
    values, rate_hz = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    return values.mean(axis=1), rate_hz


def through_mp3(kbit: int) -> Callable[[Values], Values]:
    """What becomes of a sound in an MP3 file."""

    def change(values: Values) -> Values:
        return read(as_mp3(values, kbit))[0]

    return change


#: Changes after which a sound is still the same.
CHANGES: dict[str, Callable[[Values], Values]] = {
    "MP3 128 kbit/s": through_mp3(128),
    "MP3 64 kbit/s": through_mp3(64),
    "MP3 32 kbit/s": through_mp3(32),
    "gain -12 dB": lambda values: values * np.float32(0.25),
    "gain +6 dB": lambda values: np.clip(values * np.float32(2), -1, 1),
    "shift 7 ms": lambda values: values[round(0.007 * RATE_HZ) :],
    "shift 0.5 s": lambda values: values[RATE_HZ // 2 :],
    "8 kHz": lambda values: resampled(resampled(values, RATE_HZ, 8_000), 8_000, RATE_HZ),
    "noise at 20 dB": lambda values: (
        values + np.random.default_rng(0).standard_normal(len(values)).astype(np.float32) * values.std() / 10
    ),
    "MP3 64 kbit/s, -9 dB, shift 0.3 s": lambda values: through_mp3(64)(
        values[round(0.3 * RATE_HZ) :] * np.float32(0.35)
    ),
}
