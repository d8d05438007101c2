"""Where an object was carried from, as an answer of the kind `objects` says it of each in the key `carried`.

How masks are carried is in `data_engine.segmentation.flow`.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

CARRIED = "carried"
"""The key."""

_LONGEST_URI = 4_096
_MOST_SECONDS = 1e7


@dataclass(frozen=True)
class CarriedFrom:
    """The frame of a video in which somebody drew an object that was carried to another frame.

    Attributes:
        uri: Of that frame.
        n_frames: Indexed frames from there to here; below 0 where the object was carried back in time.
        seconds: From there to here.
        consistency: From 0 to 1, the least on the way; see `segmentation.flow.CarriedMask`.
    """

    uri: str
    n_frames: int
    seconds: float
    consistency: float

    def said(self) -> dict[str, Any]:
        """As an answer says it."""
        return asdict(self)


def check_carried(found: object, refused: Callable[[str], Exception]) -> None:
    """That what an answer says of an object's way is of this form.

    Args:
        found: The value of the key.
        refused: Makes the error that is raised, of what breaks a rule.
    """
    if not isinstance(found, Mapping) or set(found) != {"uri", "n_frames", "seconds", "consistency"}:
        raise refused("not uri, n_frames, seconds and consistency alone are in carried")
    if not isinstance(found["uri"], str) or not 0 < len(found["uri"]) <= _LONGEST_URI:
        raise refused(f"no text of 1 to {_LONGEST_URI:,} characters is carried.uri")
    if type(found["n_frames"]) is not int or not 0 < abs(found["n_frames"]) <= _MOST_SECONDS:
        raise refused("no whole number other than 0 is carried.n_frames")
    if not _is_number(found["seconds"], -_MOST_SECONDS, _MOST_SECONDS):
        raise refused("no number of seconds is carried.seconds")
    if not _is_number(found["consistency"], 0, 1):
        raise refused("no number from 0 to 1 is carried.consistency")


def _is_number(value: object, low: float, high: float) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and low <= value <= high  # type: ignore[arg-type,operator]
