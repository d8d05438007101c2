"""Near-duplicate images: a 64-bit difference hash finds candidates, a comparison of small images decides.

The hash alone confuses different things of one outline; the small images do not. The layout of a sketch is in
`sketch.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from data_engine.duplicates.images.hash_keys import Hashes, RowNumbers, keys_of, near_pairs
from data_engine.duplicates.images.similarity import ROWS_AT_ONCE, SmallImages
from data_engine.duplicates.images.sketch import HASH, SKETCH_BYTES
from data_engine.errors import InvalidInput


@dataclass(frozen=True)
class ImageTwin:
    """The kept image that an image repeats."""

    is_accepted: bool
    """True where `row` counts the accepted images, False where it counts those of the batch."""
    row: int
    similarity: float


def find_image_twins(
    sketches: Sequence[bytes],
    *,
    threshold: float,
    accepted: Sequence[bytes] = (),
    also: Callable[[int, RowNumbers], NDArray[np.bool_]] | None = None,
) -> list[ImageTwin | None]:
    """The kept image that each image nearly repeats, or None for those to keep.

    Images are judged in their order, against the accepted ones and those of the batch that are kept, so that an
    accepted image is never dropped for a new one and similarity is not transitive. The most similar one is
    named; of equally similar ones an accepted one, then the first.

    Args:
        sketches: n sketches of the batch, in order of precedence.
        threshold: Similarity at and above which an image is a near-duplicate.
        accepted: Sketches of the images that were kept before.
        also: (row, (m,) rows before it, the accepted ones first) to which of them may be its twin; None: all.

    Raises: InvalidInput when a sketch has another length than this code writes.
    """
    rows = stacked([*accepted, *sketches])
    n_accepted = len(accepted)
    candidates = earlier_candidates(hashes_of(rows), n_accepted)
    small, place = _compared(rows, n_accepted, candidates)
    is_kept = np.ones(len(rows), dtype=bool)
    twins: list[ImageTwin | None] = []
    for number in range(n_accepted, len(rows)):
        found = candidates[number - n_accepted]
        found = found[is_kept[found]]
        if also is not None and len(found):
            found = found[also(number, found)]
        if not len(found):
            twins.append(None)
            continue
        pieces = (found[start : start + ROWS_AT_ONCE] for start in range(0, len(found), ROWS_AT_ONCE))
        alike = np.concatenate([small.similarities(place[number], place[some], least=threshold) for some in pieces])
        best = int(np.argmax(alike))
        if alike[best] < threshold:
            twins.append(None)
            continue
        is_kept[number] = False
        row, of_accepted = int(found[best]), bool(found[best] < n_accepted)
        twins.append(ImageTwin(of_accepted, row if of_accepted else row - n_accepted, float(alike[best])))
    return twins


def _compared(
    rows: NDArray[np.uint8], n_accepted: int, candidates: Sequence[NDArray[np.int64]]
) -> tuple[SmallImages, NDArray[np.int64]]:
    """The small images of those rows that are compared at all, and the place of each row among them."""
    is_compared = np.zeros(len(rows), dtype=bool)
    for number, found in enumerate(candidates, start=n_accepted):
        if len(found):
            is_compared[number] = True
            is_compared[found] = True
    return SmallImages.of(rows[is_compared]), np.cumsum(is_compared) - 1


def hashes_of(sketches: NDArray[np.uint8]) -> Hashes:
    """(n,) the hashes of (n, 1064) sketches."""
    hashes: Hashes = sketches[:, HASH].copy().view(np.uint64)[:, 0]
    return hashes


def stacked(sketches: Sequence[bytes]) -> NDArray[np.uint8]:
    """(n, 1064) the bytes of sketches.

    Raises: InvalidInput when a sketch has another length than this code writes.
    """
    wrong = next((len(sketch) for sketch in sketches if len(sketch) != SKETCH_BYTES), None)
    if wrong is not None:
        raise InvalidInput(
            f"a sketch of an image has {wrong} bytes, {SKETCH_BYTES} are written by this version; run first_pass again"
        )
    return np.frombuffer(b"".join(sketches), dtype=np.uint8).reshape(-1, SKETCH_BYTES)


def earlier_candidates(hashes: Hashes, n_accepted: int) -> list[RowNumbers]:
    """For every hash after the accepted ones, the rows before it within `MAX_DISTANCE` bits, ascending; all of them."""
    keys = keys_of(hashes)
    order = np.argsort(keys, axis=1)
    found: list[RowNumbers] = []
    for some, which, rows in near_pairs(np.take_along_axis(keys, order, axis=1), order, hashes[n_accepted:]):
        is_before = rows < which + n_accepted
        ends = np.searchsorted(which[is_before], np.arange(some.start, some.stop + 1))
        found += [rows[is_before][begin:end] for begin, end in pairwise(ends)]
    return found
