"""What the rules are given of a sound: its measures and the sketch by which near-duplicates are found.

The rules are in `sound_rules.py`; what is measured is in `data_engine.sound`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from data_engine.filtering.rules.looking import Looking
from data_engine.sound.measures import SoundMeasures, measures_of


@dataclass(frozen=True)
class SoundLook:
    """What was measured of a clip; `sketch` is empty where nothing in it stands out."""

    measures: SoundMeasures
    sketch: bytes


def looks(looking: Looking) -> Iterator[SoundLook | None]:
    """One look per row, None for one whose sound cannot be had; one sound is in memory at a time."""
    from data_engine.sound.landmarks import sketch_of
    from data_engine.sound.opening import UnreadableSound
    from data_engine.sound.reading import decoded

    for content in looking.contents():
        looking.progress(1)
        try:
            clip = decoded(content) if content else None
        except UnreadableSound:
            clip = None
        yield None if clip is None else SoundLook(measures_of(clip), sketch_of(clip))
