"""NearSearch: how near-duplicates of a modality are found, within a batch and among what was accepted before.

The searches within a batch are in `near_duplicates.py`; what a near-duplicate is, in `data_engine.duplicates`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from data_engine.duplicates.fingerprints import Fingerprint
from data_engine.duplicates.segment_kind import SegmentKind
from data_engine.filtering.judging import Judging
from data_engine.filtering.near_duplicates import Accepted, by_near_fingerprints, by_near_images, by_near_texts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Entries = tuple[NDArray[np.uint64], NDArray[np.int64]]


def _no_minhash(_row: int) -> bytes | None:
    return None


@dataclass(frozen=True, eq=False)
class NearFound:
    """The sketches of the rows that are kept."""

    minhash_of: Callable[[int], bytes | None] = _no_minhash
    """By row, of their texts."""
    sketches: dict[int, bytes] = field(default_factory=dict)
    """By row, of everything else."""


@dataclass(frozen=True)
class NearSearch:
    """How near-duplicates are found."""

    reject: Callable[[Judging, float | None, Accepted], NearFound]
    """(the rows of a batch, similarity or None for none, what was accepted) rejects the near-duplicates among them."""
    kind: Callable[[float | None], SegmentKind]
    """(similarity) to what the index of accepted samples holds."""
    compares_texts: bool = False
    """Whether the texts of accepted samples are asked for, by `Accepted.near_texts`; else `near_images` gives
    sketches."""


def _reject_texts(judged: Judging, threshold: float | None, accepted: Accepted) -> NearFound:
    rows = judged.open_rows(with_text=True)
    return NearFound(minhash_of=by_near_texts(rows, judged.raw.texts, judged.verdicts, threshold, accepted))


def _texts(similarity: float | None) -> SegmentKind:
    """Texts, by the bands of their sketches."""
    from data_engine.duplicates.texts import Sketches, band_keys, bands_and_rows

    n_bands, n_rows = bands_and_rows(similarity or 1.0)

    def entries(found: "Bytes") -> "Entries":
        keyed = band_keys(Sketches.from_rows(found), n_bands, n_rows)
        return keyed.keys, keyed.numbers

    def near(segment: Any, sketches: "Bytes") -> "NDArray[np.int64]":
        return _rows_of_keys(segment, entries(sketches)[0])

    name = f"{n_bands}x{n_rows}"
    return SegmentKind(name, "minhash", lambda rows: Sketches.from_bytes(rows).as_bytes(), entries, near)


def _reject_images(judged: Judging, threshold: float | None, accepted: Accepted) -> NearFound:
    sketches = judged.open_sketches()
    return NearFound(sketches=by_near_images(sketches, judged.verdicts, threshold, accepted.near_images))


def images_kind(
    name: str, stack: "Callable[[list[bytes]], Bytes]", images_of: "Callable[[Bytes], Bytes]"
) -> SegmentKind:
    """Samples with an image, by the hash of its sketch, which `images_of` takes out of theirs."""
    from data_engine.duplicates.images import hashes_of, keys_of, rows_near

    return SegmentKind(
        name,
        "sketch",
        stack,
        lambda found: (keys_of(hashes_of(images_of(found))), np.arange(len(found))),
        lambda segment, sketches: rows_near(segment.keys, segment.rows, hashes_of(images_of(sketches))),
    )


def _images(_similarity: float | None) -> SegmentKind:
    from data_engine.duplicates.images import stacked

    return images_kind("turned hashes", stacked, lambda sketches: sketches)


def by_fingerprint(fingerprint: Fingerprint) -> NearSearch:
    """The search by the fingerprints of a modality, which its subjects have as `sketch`."""

    def reject(judged: Judging, threshold: float | None, accepted: Accepted) -> NearFound:
        found = by_near_fingerprints(
            fingerprint, judged.open_sketches(), judged.verdicts, threshold, accepted.near_images
        )
        return NearFound(sketches=found)

    kind = SegmentKind(
        fingerprint.name,
        "sketch",
        fingerprint.stacked,
        lambda found: (fingerprint.keys(found), np.arange(len(found))),
        lambda segment, sketches: _rows_of_keys(segment, fingerprint.keys(sketches)),
    )
    return NearSearch(reject, lambda _similarity: kind)


def _rows_of_keys(segment: Any, keys: "NDArray[np.uint64]") -> "NDArray[np.int64]":
    """The rows of a segment that share a key with any of (n_keys, n)."""
    found: NDArray[np.int64] = segment.rows_of_keys(np.sort(keys, axis=1))
    return found


OF_TEXTS = NearSearch(_reject_texts, _texts, compares_texts=True)
OF_IMAGES = NearSearch(_reject_images, _images)
