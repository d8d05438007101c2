"""Near-duplicates among the rows of a batch that no other rule has rejected, and against accepted samples.

When two samples are near-duplicates is defined in `data_engine.duplicates`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data_engine.duplicates.fingerprints import Fingerprint, find_fingerprint_twins
from data_engine.duplicates.images.search import ImageTwin, find_image_twins, stacked
from data_engine.duplicates.pairs import find_pair_twins, stacked_pairs
from data_engine.duplicates.texts.minhash import Sketches
from data_engine.duplicates.texts.search import find_twins
from data_engine.filtering.raw_rows import RowNumbers, Texts, texts_in_pieces
from data_engine.filtering.verdicts import Verdicts

#: Gives columns `sample_id` and `sketch` of the accepted samples that may be like any of (n, width) sketches.
AcceptedNear = Callable[[NDArray[np.uint8]], pa.Table]


@dataclass(frozen=True, eq=False)
class Accepted:
    """What other batches have accepted, which no newcomer replaces."""

    ids: pa.Array
    """Those that a row of this batch may equal."""
    near_texts: Callable[[Sketches], pa.Table]
    """Gives columns `sample_id` and `minhash` of the texts that those with some sketches may repeat."""
    text_of: Callable[[Sequence[str]], Sequence[str]]
    """Gives the texts of accepted samples by their ids; asked for candidates only, for many at once."""
    near_images: AcceptedNear | None = None


@dataclass(frozen=True, eq=False)
class _TextsOfRows:
    """The texts of some rows, by their place among them."""

    texts: Texts
    rows: RowNumbers

    @property
    def n_bytes(self) -> RowNumbers:
        return self.texts.n_bytes[self.rows]

    def read(self, places: Sequence[int] | RowNumbers) -> list[str]:
        return self.texts.read(self.rows[np.asarray(places, np.int64)])


def by_near_texts(
    rows: RowNumbers, texts: Texts, verdicts: Verdicts, threshold: float | None, accepted: Accepted
) -> Callable[[int], bytes | None]:
    """Reject texts that nearly repeat an earlier or an accepted one; gives the sketch of a row's text that is kept.

    Args:
        rows: those that no rule has rejected so far and that have a text, in the order of precedence.
        texts: of all rows.
        verdicts: on all rows.
        threshold: similarity in (0, 1] at and above which a text is a near-duplicate; None: none is.
        accepted: what other batches accepted.
    """
    sketches = Sketches.in_pieces(len(rows), texts_in_pieces(texts, rows))
    if threshold is not None:
        known = accepted.near_texts(sketches)
        ids = known["sample_id"]
        twins = find_twins(
            _TextsOfRows(texts, rows),
            sketches,
            threshold=threshold,
            accepted=Sketches.from_column(known["minhash"]),
            accepted_texts=lambda numbers: accepted.text_of(ids.take(pa.array(numbers)).to_pylist()),
        )
        places = np.array([place for place, twin in enumerate(twins) if twin is not None], np.int64)
        found = [twin for twin in twins if twin is not None]
        own = np.array([-1 if twin.row is None else twin.row for twin in found], np.int64)
        verdicts.name_elsewhere(ids)
        verdicts.reject(
            rows[places],
            "near_duplicate",
            np.array([twin.similarity for twin in found]),
            threshold,
            twin_rows=np.where(own < 0, -1, rows[own]) if len(found) else own,
            twins_elsewhere=np.array([-1 if t.accepted_row is None else t.accepted_row for t in found], np.int64),
        )
    place_of = np.full(len(verdicts.is_open), -1)
    is_kept = verdicts.is_open[rows] & sketches.has_shingles
    place_of[rows[is_kept]] = np.flatnonzero(is_kept)
    return lambda row: None if place_of[row] < 0 else sketches.row_bytes(int(place_of[row]))


def by_near_images(
    sketch_of: dict[int, bytes], verdicts: Verdicts, threshold: float | None, accepted_near: AcceptedNear | None
) -> dict[int, bytes]:
    """Reject images that nearly repeat an earlier or an accepted one; gives the sketches of the rows that are kept.

    Args:
        sketch_of: the sketches of rows that no rule has rejected so far, in the order of precedence.
        verdicts: on all rows.
        threshold: similarity in (0, 1] at and above which an image is a near-duplicate; None: none is.
        accepted_near: gives what other batches accepted near to some sketches; None: there is nothing.
    """
    if threshold is None:
        return sketch_of

    def find(sketches: Sequence[bytes], known: Sequence[bytes]) -> list[ImageTwin | None]:
        return find_image_twins(sketches, threshold=threshold, accepted=known)

    return _by_sketches(sketch_of, verdicts, threshold, accepted_near, stacked, find)


def by_near_fingerprints(
    fingerprint: Fingerprint,
    sketch_of: dict[int, bytes],
    verdicts: Verdicts,
    threshold: float | None,
    accepted_near: AcceptedNear | None,
) -> dict[int, bytes]:
    """The same for samples of another kind, by their fingerprints."""
    if threshold is None:
        return sketch_of

    def find(sketches: Sequence[bytes], known: Sequence[bytes]) -> list[ImageTwin | None]:
        return find_fingerprint_twins(fingerprint, sketches, threshold=threshold, accepted=known)

    return _by_sketches(sketch_of, verdicts, threshold, accepted_near, fingerprint.stacked, find)


def by_near_pairs(
    sketch_of: dict[int, bytes],
    verdicts: Verdicts,
    threshold: float | None,
    text_threshold: float | None,
    accepted_near: AcceptedNear | None,
) -> dict[int, bytes]:
    """The same for pairs of an image and its caption, which repeat each other only where both do."""
    if threshold is None or text_threshold is None:
        return sketch_of
    limits = {"image_threshold": threshold, "text_threshold": text_threshold}

    def find(sketches: Sequence[bytes], known: Sequence[bytes]) -> list[ImageTwin | None]:
        return find_pair_twins(sketches, accepted=known, **limits)

    return _by_sketches(sketch_of, verdicts, threshold, accepted_near, stacked_pairs, find)


def _by_sketches(
    sketch_of: dict[int, bytes],
    verdicts: Verdicts,
    threshold: float,
    accepted_near: AcceptedNear | None,
    stack: Callable[[Sequence[bytes]], NDArray[np.uint8]],
    find: Callable[[Sequence[bytes], Sequence[bytes]], list[ImageTwin | None]],
) -> dict[int, bytes]:
    rows, kept = list(sketch_of), dict(sketch_of)
    open_sketches = list(sketch_of.values())
    known_ids, known_sketches = pa.array([], pa.string()), []
    if accepted_near is not None:
        near = accepted_near(stack(open_sketches))
        known_ids, known_sketches = near["sample_id"].combine_chunks(), near["sketch"].to_pylist()
    verdicts.name_elsewhere(known_ids)
    for row, twin in zip(rows, find(open_sketches, known_sketches), strict=True):
        if twin is not None:
            twin_of = {"twins_elsewhere": twin.row} if twin.is_accepted else {"twin_rows": rows[twin.row]}
            verdicts.reject(np.array([row]), "near_duplicate", twin.similarity, threshold, **twin_of)
            del kept[row]
    return kept
