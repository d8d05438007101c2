"""Near-duplicates by fingerprints: rows of bytes that share a key are candidates, a similarity decides.

Texts and images have searches of their own beside this one; it is for every other kind of sample.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data_engine.duplicates.images.search import ImageTwin
from data_engine.errors import InvalidInput

SketchBytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Fingerprint:
    """What a modality says of its fingerprints."""

    name: str
    """Changes when the bytes or the keys do."""
    n_bytes: int
    """Of one fingerprint."""
    keys: Callable[[SketchBytes], NDArray[np.uint64]]
    """Of (n, n_bytes) fingerprints (n_keys, n): two that share a key in one place are compared."""
    similarity: Callable[[SketchBytes, SketchBytes], NDArray[np.float64]]
    """Of one fingerprint (n_bytes,) and (m, n_bytes) others: (m,) similarities from 0 to 1."""

    def stacked(self, sketches: Sequence[bytes]) -> SketchBytes:
        """(n, n_bytes) the bytes of fingerprints.

        Raises: InvalidInput when one has another length.
        """
        wrong = next((len(sketch) for sketch in sketches if len(sketch) != self.n_bytes), None)
        if wrong is not None:
            raise InvalidInput(
                f"a fingerprint has {wrong} bytes, {self.n_bytes} are written by {self.name}; run first_pass again"
            )
        return np.frombuffer(b"".join(sketches), dtype=np.uint8).reshape(-1, self.n_bytes)


def find_fingerprint_twins(
    fingerprint: Fingerprint, sketches: Sequence[bytes], *, threshold: float, accepted: Sequence[bytes] = ()
) -> list[ImageTwin | None]:
    """The kept sample that each one nearly repeats, or None for those to keep.

    Samples are judged in their order, against the accepted ones and those that are kept, so that similarity is not
    transitive. The most similar one is named; of equally similar ones the first, accepted ones first.

    Args:
        fingerprint: What they are.
        sketches: Of the batch, in order of precedence.
        threshold: Similarity at and above which a sample is a near-duplicate.
        accepted: Of the samples that were kept before.
    """
    rows, n_accepted = fingerprint.stacked([*accepted, *sketches]), len(accepted)
    if not len(rows):
        return []
    kept_by_key: dict[tuple[int, int], list[int]] = {}
    twins: list[ImageTwin | None] = []
    for number, keys in enumerate(fingerprint.keys(rows).T.tolist()):
        places = list(enumerate(keys))
        if number >= n_accepted:
            found = sorted({row for place in places for row in kept_by_key.get(place, ())})
            twin = _most_similar(fingerprint, rows, number, found, threshold, n_accepted)
            twins.append(twin)
            if twin is not None:
                continue
        for place in places:
            kept_by_key.setdefault(place, []).append(number)
    return twins


def _most_similar(
    fingerprint: Fingerprint, rows: SketchBytes, number: int, found: list[int], threshold: float, n_accepted: int
) -> ImageTwin | None:
    if not found:
        return None
    alike = np.asarray(fingerprint.similarity(rows[number], rows[found]), dtype=np.float64)
    best = int(np.argmax(alike))
    if alike[best] < threshold:
        return None
    row = found[best]
    is_accepted = row < n_accepted
    return ImageTwin(is_accepted, row if is_accepted else row - n_accepted, float(alike[best]))
