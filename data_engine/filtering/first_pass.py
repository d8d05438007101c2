"""first_pass: one verdict for every raw sample, by the first rule that rejects it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import schemas
from data_engine.corpus import FirstPass
from data_engine.filtering.junk import JunkClassifier
from data_engine.filtering.near_duplicates import find_twins
from data_engine.filtering.sketches import Sketches

#: Every reason of the first pass and what it means, in the order in which the rules are tried.
FIRST_PASS_REASONS: dict[str, str] = {
    "kept": "No rule of the first pass rejected it.",
    "unreadable": "Its content could not be read; the raw index says why.",
    "empty": "It holds nothing but white space.",
    "exact_duplicate": "Its content is that of an accepted sample or of an earlier one in the batch.",
    "too_short": "It has fewer characters than min_chars.",
    "too_long": "It has more characters than max_chars.",
    "few_letters": "The share of letters among its characters is below min_letter_share.",
    "junk": "The junk classifier scores it above the threshold that keeps the wanted share of clean examples.",
    "near_duplicate": "It nearly repeats a kept sample: their similarity reaches near_duplicate_similarity.",
}


@dataclass(frozen=True)
class _Measures:
    n_chars: int
    n_words: int
    letter_share: float | None


@dataclass(frozen=True)
class _Rejection:
    reason: str
    score: float
    threshold: float
    duplicate_of: str | None = None


def first_pass(
    raw: pa.Table,
    rules: FirstPass,
    *,
    batch: str,
    accepted: pa.Table,
    text_of: Callable[[Sequence[str]], Sequence[str]],
    junk: JunkClassifier | None,
) -> pa.Table:
    """Judge the raw samples of a batch.

    The rules are tried in the order of `FIRST_PASS_REASONS`; samples take precedence in the order of their uri.
    Accepted samples are never dropped for a newcomer. Near-duplicates are judged against kept samples only, so that
    a chain of similar texts is not merged. Pictures (null text) meet the rules unreadable and exact_duplicate only.

    Args:
        raw: raw index of the batch.
        rules: the corpus' limits.
        batch: the batch key written to every row.
        accepted: columns `sample_id` and `minhash` of the kept samples of all other batches, in any order.
        text_of: gives the texts of accepted samples by their ids; asked for candidates only, a few hundred at a time.
        junk: the junk classifier; None switches the rule off.

    Returns:
        Table with the schema `schemas.FIRST_PASS`, one row per raw row, sorted by uri. A rejected row has `score` and
        `threshold`: 0 against 1 for unreadable (readable) and empty (characters), the similarity for duplicates.

    Raises:
        InvalidInput: a signature of `accepted` has another length than this code writes, or `text_of` gives another
            number of texts than it was asked for.
    """
    raw = raw.take(pc.sort_indices(raw["uri"]))
    texts: list[str | None] = raw["text"].to_pylist()
    measures = [None if text is None else _measure(text) for text in texts]
    rejections = _by_content(raw, accepted)
    _by_limits(measures, rules, rejections)
    scores = _by_junk(texts, junk, rejections)
    signatures = _by_near_duplicates(raw, rules, accepted, text_of, rejections)
    _share_fates(raw["sample_id"].to_pylist(), rejections)
    return _to_table(raw, batch, rejections, measures, scores, signatures)


def _share_fates(sample_ids: Sequence[str], rejections: dict[int, _Rejection]) -> None:
    """A copy of a content that is rejected for something else is rejected for the same: it has no kept twin."""
    is_copy = {row for row, rejection in rejections.items() if rejection.reason == "exact_duplicate"}
    of_content = {sample_ids[row]: fate for row, fate in rejections.items() if row not in is_copy}
    rejections.update({row: of_content[sample_ids[row]] for row in is_copy if sample_ids[row] in of_content})


def _measure(text: str) -> _Measures:
    words = text.split()
    n_solid = sum(map(len, words))
    n_letters = sum(map(str.isalpha, text))
    return _Measures(len(text.strip()), len(words), n_letters / n_solid if n_solid else None)


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


def _by_limits(measures: Sequence[_Measures | None], rules: FirstPass, rejections: dict[int, _Rejection]) -> None:
    for row, measured in enumerate(measures):
        if measured is None or row in rejections:
            continue
        n_chars, letter_share = measured.n_chars, measured.letter_share or 0.0
        if n_chars < rules.min_chars:
            rejections[row] = _Rejection("too_short", n_chars, rules.min_chars)
        elif n_chars > rules.max_chars:
            rejections[row] = _Rejection("too_long", n_chars, rules.max_chars)
        elif letter_share < rules.min_letter_share:
            rejections[row] = _Rejection("few_letters", letter_share, rules.min_letter_share)


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
    rules: FirstPass,
    accepted: pa.Table,
    text_of: Callable[[Sequence[str]], Sequence[str]],
    rejections: dict[int, _Rejection],
) -> dict[int, bytes]:
    """Signatures by row, for the kept texts."""
    rows, texts = _open_texts(raw["text"].to_pylist(), rejections)
    sketches = Sketches.of(texts)
    compared = accepted.filter(pc.is_valid(accepted["minhash"]))
    accepted_ids, threshold = compared["sample_id"], rules.near_duplicate_similarity
    twins = find_twins(
        texts,
        sketches,
        threshold=threshold,
        accepted=Sketches.from_bytes(compared["minhash"].to_pylist()),
        accepted_texts=lambda numbers: text_of(accepted_ids.take(pa.array(numbers)).to_pylist()),
    )
    signatures: dict[int, bytes] = {}
    sample_ids = raw["sample_id"]
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
    measures: Sequence[_Measures | None],
    scores: dict[int, float],
    signatures: dict[int, bytes],
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
        "n_chars": [measured and measured.n_chars for measured in measures],
        "n_words": [measured and measured.n_words for measured in measures],
        "letter_share": [measured and measured.letter_share for measured in measures],
        "junk_score": [scores.get(row) for row in range(raw.num_rows)],
        "minhash": [signatures.get(row) for row in range(raw.num_rows)],
    }
    return pa.Table.from_pydict(columns, schema=schemas.FIRST_PASS)
