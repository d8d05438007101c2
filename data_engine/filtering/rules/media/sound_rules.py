"""The rules of sounds, in the order they are tried: each holds one measure against a limit.

The measures are taken in `data_engine.sound.measures`, and given to the rules by `sound_look.py`.
"""

from collections.abc import Callable

from data_engine.filtering.rules.media.sound_look import SoundLook
from data_engine.filtering.rules.rule import Rule


def _score(name: str) -> Callable[[SoundLook], float]:
    return lambda look: float(getattr(look.measures, name))


def _rule(name: str, measures: str, limit: float | None, side: str, source: str, signal: str) -> Rule:
    return Rule(
        name=name,
        modality="audio",
        measures=measures,
        score=_score(signal),
        direction=f"at_{side}",  # type: ignore[arg-type]
        default=limit,
        source=source,
        signal=signal,
    )


_OWN = "Own rule; no limit is published."

#: Every rule of sounds, in the order in which they are tried. Only what is broken for every purpose is on.
SOUND_RULES: tuple[Rule, ...] = (
    _rule(
        "short_sound", "the length in seconds", 0.1, "least", f"{_OWN} Below 0.1 s nothing can be told.", "duration_s"
    ),
    _rule("long_sound", "the length in seconds", None, "most", _OWN, "duration_s"),
    _rule(
        "silent",
        "the share of its pieces of 20 ms below -60 dB of full scale",
        0.98,
        "most",
        f"{_OWN} What is louder for a fiftieth of its time stays.",
        "silence_share",
    ),
    _rule(
        "clipped_sound",
        "the share of its samples in runs of three or more at full scale, of the worst channel",
        0.1,
        "most",
        f"{_OWN} Loud music of today has some; a tenth is destroyed.",
        "clipping_share",
    ),
    _rule(
        "dc_offset",
        "the mean of its samples as a share of full scale, of the worst channel",
        0.1,
        "most",
        f"{_OWN} A microphone's is below 0.01.",
        "dc_offset",
    ),
    _rule(
        "narrow_band",
        "the highest frequency with sound in Hz: within 70 dB of the loudest",
        None,
        "least",
        f"{_OWN} Telephony ends at 3,400 Hz.",
        "bandwidth_hz",
    ),
    _rule(
        "upsampled",
        "the share of the frequencies of its rate that it fills: little where it was recorded at a lower one",
        None,
        "least",
        f"{_OWN} Speech of 8 kHz in a file of 44.1 kHz fills 0.18; a pure tone fills little at any rate.",
        "bandwidth_share",
    ),
    _rule("quiet_sound", "the level in dB of full scale", None, "least", f"{_OWN} Speech is near -20.", "level_db"),
    _rule(
        "noise_like",
        "how flat its spectrum is, from 0 for a tone to 1 for white noise",
        None,
        "most",
        f"{_OWN} Johnston 1988 names the measure.",
        "flatness",
    ),
)
