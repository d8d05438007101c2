"""The kinds of segments in the index of accepted samples: which keys and sketches they hold, and what they are called.

Reading and writing them is in `runtime/accepted_samples.py`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from data_engine.corpus import Corpus
from data_engine.runtime.versions import StepVersion

if TYPE_CHECKING:
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

    def name_of(self, version: StepVersion) -> str:
        """What the index calls the segment of a batch whose first pass wrote this version."""
        return f"{version.data_version}:{version.table_version}:{self.name}"


def of_texts(n_bands: int, n_rows: int) -> SegmentKind:
    """Texts, by the bands of their sketches."""
    from data_engine.duplicates.texts import Sketches, band_keys

    def entries(found: "NDArray[np.uint8]") -> "tuple[NDArray[np.uint64], NDArray[np.int64]]":
        keyed = band_keys(Sketches.from_rows(found), n_bands, n_rows)
        return keyed.keys, keyed.numbers

    return SegmentKind(f"{n_bands}x{n_rows}", "minhash", lambda rows: Sketches.from_bytes(rows).as_bytes(), entries)


def _image_entries(found: "NDArray[np.uint8]") -> "tuple[NDArray[np.uint64], NDArray[np.int64]]":
    from data_engine.duplicates.images import hashes_of, keys_of

    return keys_of(hashes_of(found)), np.arange(len(found))


def _stacked_images(rows: list[bytes]) -> "NDArray[np.uint8]":
    from data_engine.duplicates.images import stacked

    return stacked(rows)


OF_IMAGES = SegmentKind("turned hashes", "sketch", _stacked_images, _image_entries)


def segment_name(corpus: Corpus, version: StepVersion) -> str:
    """What the index calls the segment of a batch whose first pass wrote this version, with the settings of now."""
    from data_engine.duplicates.texts import bands_and_rows

    if corpus.is_of_images:
        return OF_IMAGES.name_of(version)
    return of_texts(*bands_and_rows(corpus.first_pass.near_duplicate_similarity or 1.0)).name_of(version)
