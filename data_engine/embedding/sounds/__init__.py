"""Encoders of sounds: statistics that need no weights, and models of transformers."""

from data_engine.embedding.registry import EncoderEntry
from data_engine.embedding.sounds.audio_transformer import PREFIX, load_audio_transformer
from data_engine.embedding.sounds.log_mel import load_log_mel

#: In this order; the first entry that matches a name loads it.
SOUND_ENCODERS: tuple[EncoderEntry, ...] = (
    EncoderEntry("log-mel-statistics", "audio", load_log_mel),
    EncoderEntry(f"{PREFIX}<name or path>", "audio", load_audio_transformer, prefix=PREFIX),
)
