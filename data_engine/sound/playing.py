"""What a browser plays: a clip as a WAV file of one or two channels, at a rate that browsers take."""

from data_engine.sound.clip import Clip, to_samples, wav_bytes
from data_engine.sound.spectra import resampled

LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 8_000, 48_000
_MOST_CHANNELS = 2


def playable(clip: Clip) -> bytes:
    """A WAV file of the clip: as it is where browsers can play that, else mixed to one channel and at another rate."""
    rate_hz = min(max(clip.rate_hz, LOWEST_RATE_HZ), HIGHEST_RATE_HZ)
    if clip.n_channels > _MOST_CHANNELS:
        clip = Clip(to_samples(clip.mono())[:, None], clip.rate_hz)
    if rate_hz != clip.rate_hz:
        clip = Clip(to_samples(resampled(clip.values(), clip.rate_hz, rate_hz)), rate_hz)
    return wav_bytes(clip)
