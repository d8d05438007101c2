"""The first pass: one verdict for every raw sample, by the first rule that rejects it.

The rules are in `rules/`, the filters that learn in `learned/` and `page_content/`; finding duplicates is in
`data_engine.duplicates`. How the rows are read is in `raw_rows.py`, how each rule decides on all of them in
`judging.py` and `near_duplicates.py`, and the table that they become in `judged_rows.py`.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.filtering.judged_rows import JudgedRows
from data_engine.filtering.judging import Judging, Reader
from data_engine.filtering.learned.filters import NO_FILTERS, LearnedFilters
from data_engine.filtering.near_duplicates import Accepted, AcceptedNear
from data_engine.filtering.raw_rows import RawRows, by_precedence
from data_engine.filtering.rules.looking import Looking
from data_engine.filtering.rules.registry import rules_of
from data_engine.filtering.rules.rule import Limit
from data_engine.modalities import find_modality, load, modality_names


class _Reasons(Mapping[str, str]):
    """Reasons with what they mean; the rules are asked for once somebody looks, for a modality may import this file."""

    @cached_property
    def _found(self) -> dict[str, str]:
        return {
            "kept": "No rule of the first pass rejected it.",
            "unreadable": "Its content could not be read; the raw index says why.",
            "empty": "It holds nothing but white space.",
            "exact_duplicate": "Its content is that of an accepted sample or of an earlier one in the batch.",
            **{rule.name: rule.reason for modality in modality_names() for rule in rules_of(modality)},
            "junk": "The junk classifier scores it above the threshold that keeps the wanted share of clean examples.",
            "near_duplicate": "It nearly repeats a kept sample: their similarity reaches near_duplicate_similarity, or "
            "near_duplicate_image_similarity.",
        }

    def __getitem__(self, reason: str) -> str:
        return self._found[reason]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


#: Every reason of the first pass and what it means, in the order in which the rules are tried.
FIRST_PASS_REASONS: Mapping[str, str] = _Reasons()


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
    modality: str = "text",
    read: Reader | None = None,
    accepted_near: AcceptedNear | None = None,
) -> pa.Table:
    """Judge the raw samples of a batch that is in memory, as `judge` does.

    Args:
        raw: raw index of the batch.
        limits: the rules that are on, as `limits_of` gives them for the modality.
        batch: the batch key written to every row.
        accepted: columns `sample_id` and `minhash` of the kept samples of all other batches, in any order.
        text_of: gives the texts of accepted samples by their ids; asked for candidates only, for many at once.
        near_duplicate_similarity: as for `judge`.
        learned: as for `judge`.
        kept_before: as for `judge`.
        modality: as for `judge`.
        read: as for `judge`.
        accepted_near: gives the accepted images that those with some sketches may repeat; None: there are none.

    Returns:
        Table with the schema `schemas.FIRST_PASS`, one row per raw row, sorted by uri. A rejected row has `score` and
        `threshold`: 0 against 1 for unreadable (readable) and empty (characters), the similarity for duplicates.

    Raises: InvalidInput as `judge` does.
    """
    known = Accepted(
        accepted["sample_id"].cast(pa.string()).combine_chunks(),
        lambda _: accepted.filter(pc.is_valid(accepted["minhash"])),
        text_of,
        accepted_near,
    )
    return judge(
        RawRows.of(raw),
        limits,
        batch=batch,
        accepted=known,
        near_duplicate_similarity=near_duplicate_similarity,
        learned=learned,
        kept_before=kept_before,
        modality=modality,
        read=read,
    ).table()


def judge(
    raw: RawRows,
    limits: Sequence[Limit],
    *,
    batch: str,
    accepted: Accepted,
    near_duplicate_similarity: float | None,
    second_similarity: float | None = None,
    learned: LearnedFilters = NO_FILTERS,
    kept_before: Collection[str] = (),
    modality: str = "text",
    read: Reader | None = None,
) -> JudgedRows:
    """Judge the raw samples of a batch, whose texts are in memory a piece at a time.

    The rules are tried in the order of `FIRST_PASS_REASONS`; samples take precedence in the order of their uri, rows of
    a file in that of their numbers, those that the batch kept before first. Accepted samples are never dropped for a
    newcomer. Near-duplicates are judged against kept samples only, so that a chain of similar texts is not merged. Each
    content is measured once, whatever decides on it.

    Args:
        raw: raw index of the batch.
        limits: the rules that are on, as `limits_of` gives them for the modality.
        batch: the batch key written to every row.
        accepted: the kept samples of all other batches.
        near_duplicate_similarity: similarity in (0, 1] at and above which a later sample is a near-duplicate; None
            finds exact copies only. Of texts the smaller Jaccard similarity, of words and of characters; of images
            that of 32 x 32 pixels and of colours.
        second_similarity: the same of the other part of samples that have two.
        learned: what the corpus' examples taught; the filters that it lacks are off.
        kept_before: ids of the samples that this batch kept when it was judged the last time.
        modality: whose rules are tried.
        read: gives what those rules measure; by default what the modality makes of the rows alone, without reading
            anything again. It may give a subject at a time.

    Returns: one verdict per row, in their order.

    Raises:
        InvalidInput: a signature of `accepted` has another length than this code writes, or `text_of` gives another
            number of texts than it was asked for.
    """
    judged = Judging(raw, by_precedence(raw.index, kept_before), limits, modality, second_similarity)
    judged.measure(read or _read_rows(modality, learned))
    judged.by_content(accepted.ids)
    judged.by_limits()
    judged.by_junk(learned.junk)
    judged.by_missing_content()
    near = load(find_modality(modality).near_duplicates).reject(judged, near_duplicate_similarity, accepted)
    judged.copy_verdicts_to_duplicates()
    return JudgedRows(
        batch=batch,
        index=raw.index.select(["sample_id", "uri"]),
        verdicts=judged.verdicts,
        content=judged.content,
        signals=judged.signals,
        languages=judged.languages,
        junk_scores=judged.junk_scores,
        minhash_of=near.minhash_of,
        sketches=near.sketches,
    )


def _read_rows(modality: str, learned: LearnedFilters) -> Reader:
    look = load(find_modality(modality).looks)
    scores = learned.scores

    def read(rows: pa.Table) -> Iterable[Any]:
        found: Iterable[Any] = look(Looking(rows, learned=scores))
        return found

    return read
