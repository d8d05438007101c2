"""The first pass: one verdict for every raw sample, by the first rule that rejects it.

The rules are in `rules/`, the filters that learn in `learned/` and `page_content/`; finding duplicates is in
`data_engine.duplicates`.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine import schemas
from data_engine.duplicates.images.search import find_image_twins, stacked
from data_engine.duplicates.texts.minhash import Sketches
from data_engine.duplicates.texts.search import find_twins
from data_engine.filtering.learned.filters import NO_FILTERS, LearnedFilters
from data_engine.filtering.learned.junk import JunkClassifier
from data_engine.filtering.rules.document import Document
from data_engine.filtering.rules.image_look import ImageLook
from data_engine.filtering.rules.measuring import first_broken, measure
from data_engine.filtering.rules.registry import rules_of
from data_engine.filtering.rules.rule import Limit, Modality, Signals

#: Every reason of the first pass and what it means, in the order in which the rules are tried.
FIRST_PASS_REASONS: dict[str, str] = {
    "kept": "No rule of the first pass rejected it.",
    "unreadable": "Its content could not be read; the raw index says why.",
    "empty": "It holds nothing but white space.",
    "exact_duplicate": "Its content is that of an accepted sample or of an earlier one in the batch.",
    **{rule.name: rule.reason for modality in ("text", "image") for rule in rules_of(modality)},
    "junk": "The junk classifier scores it above the threshold that keeps the wanted share of clean examples.",
    "near_duplicate": "It nearly repeats a kept sample: their similarity reaches near_duplicate_similarity, or "
    "near_duplicate_image_similarity.",
}


#: Gives what the rules measure, one subject or None per row of a raw index, in its order.
Reader = Callable[[pa.Table], Iterable[Any]]
#: Gives columns `sample_id` and `sketch` of the accepted images whose hashes are near to any of (n, 1064) sketches.
AcceptedNear = Callable[[NDArray[np.uint8]], pa.Table]


#: The uri of a row is that of its file and its number: `notes.jsonl#12`.
_ROW_OF_A_FILE = "#(?P<row>[0-9]{1,18})$"


@dataclass(frozen=True)
class _Rejection:
    reason: str
    score: float
    threshold: float
    duplicate_of: str | None = None


def first_pass(
    raw: pa.Table,
    limits: Sequence[Limit],
    *,
    batch: str,
    accepted: pa.Table,
    text_of: Callable[[Sequence[str]], Sequence[str]],
    near_duplicate_similarity: float | None,
    learned: LearnedFilters = NO_FILTERS,
    kept_before: Collection[str] = (),
    modality: Modality = "text",
    read: Reader | None = None,
    accepted_near: AcceptedNear | None = None,
) -> pa.Table:
    """Judge the raw samples of a batch.

    The rules are tried in the order of `FIRST_PASS_REASONS`; samples take precedence in the order of their uri, rows of
    a file in that of their numbers, those that the batch kept before first. Accepted samples are never dropped for a
    newcomer. Near-duplicates are judged against kept samples only, so that a chain of similar texts is not merged. Each
    content is measured once, whatever decides on it.

    Args:
        raw: raw index of the batch.
        limits: the rules that are on, as `limits_of` gives them for the modality.
        batch: the batch key written to every row.
        accepted: columns `sample_id` and `minhash` of the kept samples of all other batches, in any order.
        text_of: gives the texts of accepted samples by their ids; asked for candidates only, for many at once.
        near_duplicate_similarity: similarity in (0, 1] at and above which a later sample is a near-duplicate; None
            finds exact copies only. Of texts the smaller Jaccard similarity, of words and of characters; of images
            that of 32 x 32 pixels and of colours.
        learned: what the corpus' examples taught; the filters that it lacks are off.
        kept_before: ids of the samples that this batch kept when it was judged the last time.
        modality: whose rules are tried.
        read: gives what those rules measure; by default the texts of the rows. It may give a subject at a time.
        accepted_near: gives the accepted images that those with some sketches may repeat; None: there are none.

    Returns:
        Table with the schema `schemas.FIRST_PASS`, one row per raw row, sorted by uri. A rejected row has `score` and
        `threshold`: 0 against 1 for unreadable (readable) and empty (characters), the similarity for duplicates.

    Raises:
        InvalidInput: a signature of `accepted` has another length than this code writes, or `text_of` gives another
            number of texts than it was asked for.
    """
    raw = _by_precedence(raw, kept_before)
    texts: list[str | None] = raw["text"].to_pylist()
    sketches: dict[str, bytes] = {}
    languages: dict[str, str] = {}
    if modality == "image":
        reader = _sketching(read or read_texts, sketches)
    else:
        reader = _telling_languages(read or partial(read_texts, learned=learned), languages)
    signals = _measured(raw, limits, modality, reader)
    rejections = _by_content(raw, accepted)
    _by_limits(signals, limits, rejections)
    scores = _by_junk(texts, learned.junk, rejections)
    threshold = near_duplicate_similarity
    if modality == "image":
        _by_missing_pixels(signals, rejections)
        kept_sketches = _by_near_images(raw, sketches, threshold, accepted_near, rejections)
        signatures: dict[int, bytes] = {}
    else:
        kept_sketches = {}
        signatures = _by_near_duplicates(raw, threshold, accepted, text_of, rejections)
    _copy_verdicts_to_duplicates(raw["sample_id"].to_pylist(), rejections)
    return _to_table(raw, batch, rejections, signals, scores, signatures, kept_sketches, languages).sort_by("uri")


def _by_precedence(raw: pa.Table, kept_before: Collection[str]) -> pa.Table:
    """The rows in the order in which they are judged: of two that repeat each other the first one stays."""
    is_new = pc.invert(pc.is_in(raw["sample_id"], value_set=pa.array(kept_before, raw["sample_id"].type)))
    row = pc.struct_field(pc.extract_regex(raw["uri"], _ROW_OF_A_FILE), "row")
    file = pc.replace_substring_regex(raw["uri"], _ROW_OF_A_FILE, "")
    order = {"is_new": is_new, "file": file, "row": pc.cast(row, pa.int64())}
    return raw.take(pc.sort_indices(pa.table(order), [(name, "ascending") for name in order]))


def _sketching(read: Reader, sketches: dict[str, bytes]) -> Reader:
    """The same reader, which keeps the sketches of the images that it gives by their ids."""

    def reading(raw: pa.Table) -> Iterable[ImageLook | None]:
        for sample_id, look in zip(raw["sample_id"].to_pylist(), read(raw), strict=True):
            if look is not None:
                sketches[sample_id] = look.sketch
            yield look

    return reading


def _telling_languages(read: Reader, languages: dict[str, str]) -> Reader:
    """The same reader, which keeps the most probable languages by id, of texts that a rule has asked for it."""

    def reading(raw: pa.Table) -> Iterable[Document | None]:
        for sample_id, document in zip(raw["sample_id"].to_pylist(), read(raw), strict=True):
            yield document
            # The rules have measured it by now.
            if document is not None and document.language is not None:
                languages[sample_id] = document.language

    return reading


def _by_missing_pixels(signals: Sequence[Signals | None], rejections: dict[int, _Rejection]) -> None:
    """An image that was readable when it was indexed and is not now cannot be judged, and so is not kept."""
    for row, measured in enumerate(signals):
        if measured is None and row not in rejections:
            rejections[row] = _Rejection("unreadable", 0.0, 1.0)


def _by_near_images(
    raw: pa.Table,
    sketches: dict[str, bytes],
    threshold: float | None,
    accepted_near: AcceptedNear | None,
    rejections: dict[int, _Rejection],
) -> dict[int, bytes]:
    """Sketches by row, for the kept images."""
    ids = raw["sample_id"].to_pylist()
    rows = [row for row in range(raw.num_rows) if row not in rejections]
    if threshold is None:
        return {row: sketches[ids[row]] for row in rows}
    open_sketches = [sketches[ids[row]] for row in rows]
    known_ids, known_sketches = [], []
    if accepted_near is not None:
        near = accepted_near(stacked(open_sketches))
        known_ids, known_sketches = near["sample_id"].to_pylist(), near["sketch"].to_pylist()
    twins = find_image_twins(open_sketches, threshold=threshold, accepted=known_sketches)
    for row, twin in zip(rows, twins, strict=True):
        if twin is not None:
            kept = known_ids[twin.row] if twin.is_accepted else ids[rows[twin.row]]
            rejections[row] = _Rejection("near_duplicate", twin.similarity, threshold, duplicate_of=kept)
    return {row: sketches[ids[row]] for row in rows if row not in rejections}


def _copy_verdicts_to_duplicates(sample_ids: Sequence[str], rejections: dict[int, _Rejection]) -> None:
    """A copy of a content that is rejected for something else is rejected for the same: it has no kept twin."""
    is_copy = {row for row, rejection in rejections.items() if rejection.reason == "exact_duplicate"}
    of_content = {sample_ids[row]: verdict for row, verdict in rejections.items() if row not in is_copy}
    rejections.update({row: of_content[sample_ids[row]] for row in is_copy if sample_ids[row] in of_content})


def read_texts(raw: pa.Table, *, learned: LearnedFilters = NO_FILTERS) -> Iterable[Document | None]:
    """The texts of a raw index as the rules look at them; None for an unreadable sample."""
    scores = learned.scores
    return (None if text is None else Document(text, scores) for text in raw["text"].to_pylist())


def _measured(raw: pa.Table, limits: Sequence[Limit], modality: Modality, read: Reader) -> list[Signals | None]:
    """Signals by row; equal contents are read and measured once."""
    sample_ids = raw["sample_id"].to_pylist()
    first = {sample_id: row for row, sample_id in reversed(list(enumerate(sample_ids)))}
    rows = sorted(first.values())
    measured = measure(read(raw.take(pa.array(rows, pa.int64()))), modality, limits)
    by_id = {sample_ids[row]: signals for row, signals in zip(rows, measured, strict=True)}
    return [by_id[sample_id] for sample_id in sample_ids]


def _by_content(raw: pa.Table, accepted: pa.Table) -> dict[int, _Rejection]:
    """Rejections by row: unreadable, empty and exact duplicates."""
    is_accepted = pc.is_in(
        raw["sample_id"].cast(pa.string()), value_set=accepted["sample_id"].cast(pa.string()).combine_chunks()
    ).to_pylist()
    is_empty = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(raw["text"]), ""), False).to_pylist()
    rejections: dict[int, _Rejection] = {}
    seen: set[str] = set()
    columns = (raw["sample_id"].to_pylist(), raw["is_readable"].to_pylist(), is_empty, is_accepted)
    for row, (sample_id, is_readable, has_no_text, is_known) in enumerate(zip(*columns, strict=True)):
        if not is_readable:
            rejections[row] = _Rejection("unreadable", 0.0, 1.0)
        elif has_no_text:
            rejections[row] = _Rejection("empty", 0.0, 1.0)
        elif is_known or sample_id in seen:
            rejections[row] = _Rejection("exact_duplicate", 1.0, 1.0, duplicate_of=sample_id)
        else:
            seen.add(sample_id)
    return rejections


def _by_limits(signals: Sequence[Signals | None], limits: Sequence[Limit], rejections: dict[int, _Rejection]) -> None:
    for row, measured in enumerate(signals):
        broken = first_broken(measured, limits) if measured is not None and row not in rejections else None
        if measured is not None and broken is not None:
            rejections[row] = _Rejection(broken.rule.name, measured[broken.rule.signal], broken.limit)


def _open_texts(texts: Sequence[str | None], rejections: dict[int, _Rejection]) -> tuple[list[int], list[str]]:
    """Rows with text that no rule has rejected so far, and their texts."""
    found = [(row, text) for row, text in enumerate(texts) if text is not None and row not in rejections]
    return [row for row, _ in found], [text for _, text in found]


def _by_junk(
    texts: Sequence[str | None], junk: JunkClassifier | None, rejections: dict[int, _Rejection]
) -> dict[int, float]:
    """Junk scores by row, for the rows that came that far."""
    rows, open_texts = _open_texts(texts, rejections)
    if junk is None or not rows:
        return {}
    scores = dict(zip(rows, junk.score(open_texts).tolist(), strict=True))
    for row, score in scores.items():
        if score > junk.threshold:
            rejections[row] = _Rejection("junk", score, junk.threshold)
    return scores


def _by_near_duplicates(
    raw: pa.Table,
    threshold: float | None,
    accepted: pa.Table,
    text_of: Callable[[Sequence[str]], Sequence[str]],
    rejections: dict[int, _Rejection],
) -> dict[int, bytes]:
    """Signatures by row, for the kept texts."""
    rows, texts = _open_texts(raw["text"].to_pylist(), rejections)
    sketches = Sketches.of(texts)
    sample_ids = raw["sample_id"]
    if threshold is None:
        return {row: sketches.row_bytes(place) for place, row in enumerate(rows) if sketches.has_shingles[place]}
    compared = accepted.filter(pc.is_valid(accepted["minhash"]))
    accepted_ids = compared["sample_id"]
    twins = find_twins(
        texts,
        sketches,
        threshold=threshold,
        accepted=Sketches.from_bytes(compared["minhash"].to_pylist()),
        accepted_texts=lambda numbers: text_of(accepted_ids.take(pa.array(numbers)).to_pylist()),
    )
    signatures: dict[int, bytes] = {}
    for place, (row, twin) in enumerate(zip(rows, twins, strict=True)):
        if twin is None:
            if sketches.has_shingles[place]:
                signatures[row] = sketches.row_bytes(place)
            continue
        kept = sample_ids[rows[twin.row]] if twin.row is not None else accepted_ids[twin.accepted_row]
        rejections[row] = _Rejection("near_duplicate", twin.similarity, threshold, duplicate_of=kept.as_py())
    return signatures


def _to_table(
    raw: pa.Table,
    batch: str,
    rejections: dict[int, _Rejection],
    signals: Sequence[Signals | None],
    scores: dict[int, float],
    signatures: dict[int, bytes],
    sketches: dict[int, bytes],
    languages: dict[str, str],
) -> pa.Table:
    decided = [rejections.get(row) for row in range(raw.num_rows)]
    columns = {
        "sample_id": raw["sample_id"].to_pylist(),
        "batch": [batch] * raw.num_rows,
        "uri": raw["uri"].to_pylist(),
        "verdict": ["kept" if rejection is None else "rejected" for rejection in decided],
        "reason": ["kept" if rejection is None else rejection.reason for rejection in decided],
        "score": [rejection and rejection.score for rejection in decided],
        "threshold": [rejection and rejection.threshold for rejection in decided],
        "duplicate_of": [rejection and rejection.duplicate_of for rejection in decided],
        "n_chars": [_whole(measured, "n_chars") for measured in signals],
        "n_words": [_whole(measured, "n_words") for measured in signals],
        "letter_share": [measured and measured.get("letter_share") for measured in signals],
        "language": [languages.get(sample_id) for sample_id in raw["sample_id"].to_pylist()],
        "junk_score": [scores.get(row) for row in range(raw.num_rows)],
        "signals": [None if measured is None else list(measured.items()) for measured in signals],
        "minhash": [signatures.get(row) for row in range(raw.num_rows)],
        "sketch": [sketches.get(row) for row in range(raw.num_rows)],
    }
    return pa.Table.from_pydict(columns, schema=schemas.FIRST_PASS)


def _whole(signals: Signals | None, name: str) -> int | None:
    score = None if signals is None else signals.get(name)
    return None if score is None else int(score)
