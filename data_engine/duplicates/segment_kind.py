"""SegmentKind: which keys and sketches the index of accepted samples holds of a batch, and how it is searched.

The kinds there are stand in `data_engine.filtering.near_search`; the index itself is in `data_engine.storage`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class SegmentKind:
    """The kind of keys and sketches that a segment holds."""

    name: str
    """Changes when the keys do."""
    column: str
    """Of the verdicts, with the sketches."""
    stack: "Callable[[list[bytes]], NDArray[np.uint8]]"
    """Gives n sketches as (n, width) bytes; raises InvalidInput for sketches of another width."""
    entries: "Callable[[NDArray[np.uint8]], tuple[NDArray[np.uint64], NDArray[np.int64]]]"
    """Gives, of (n, width) sketches, (n_bands, n_entries) keys, and the sketch that each entry is of."""
    near: "Callable[[Any, NDArray[np.uint8]], NDArray[np.int64]]"
    """(segment, (n, width) sketches) to the rows of the segment that may be like any of them, ascending."""

    def name_of(self, data_version: str, table_version: object) -> str:
        """What the index calls the segment of a batch whose first pass wrote this version."""
        return f"{data_version}:{table_version}:{self.name}"
