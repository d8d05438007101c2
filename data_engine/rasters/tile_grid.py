"""Where the tiles of a scene lie, and what a window is called in a uri.

Reading the pixels of a window is in `scene.py`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from data_engine.errors import InvalidInput

_NAME = re.compile(r"window=(\d{1,9}),(\d{1,9}),(\d{1,9}),(\d{1,9})")


class Window(NamedTuple):
    """A rectangle of pixels of a scene."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int

    @property
    def name(self) -> str:
        """As the fragment of a uri has it: `window=left,top,width,height`."""
        return f"window={self.left_px},{self.top_px},{self.width_px},{self.height_px}"


def window_of(name: str) -> Window:
    """The window of a fragment of a uri. Raises: InvalidInput for what is none."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise InvalidInput(f"{name!r} is no window; it is written window=left,top,width,height in pixels")
    return Window(*map(int, found.groups()))


def n_windows(width_px: int, height_px: int, *, side_px: int, step_px: int) -> int:
    """How many tiles a scene of that size is cut into."""
    return len(_starts(width_px, side_px, step_px)) * len(_starts(height_px, side_px, step_px))


def windows(width_px: int, height_px: int, *, side_px: int, step_px: int) -> Iterator[Window]:
    """The tiles of a scene, row by row, all of them `side_px` wide and high.

    They begin every `step_px` pixels. The last one of a row or column that would reach beyond the scene is moved back
    to its edge, so that no pixel is left out; it overlaps the one before it by more than the others do.

    Raises: InvalidInput where the scene is smaller than a tile.
    """
    if min(width_px, height_px) < side_px:
        raise InvalidInput(f"has {width_px} x {height_px} px, less than a tile of {side_px} px; lower source.tile_px")
    columns = _starts(width_px, side_px, step_px)
    for top in _starts(height_px, side_px, step_px):
        for left in columns:
            yield Window(left, top, side_px, side_px)


def _starts(length_px: int, side_px: int, step_px: int) -> range | list[int]:
    last = length_px - side_px
    if last < 0:
        return []
    regular = range(0, last + 1, step_px)
    return regular if regular[-1] == last else [*regular, last]
