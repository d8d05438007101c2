"""Checks of first_pass: the verdicts of the first pass.

The rules that gave the verdicts are in `data_engine.filtering`.
"""

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.quality.checks import Needs, blocking
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows
from data_engine.quality.profiles import membership

TABLES = ("first_pass", "raw_index")
LIMITS = ("first_pass",)

CHECKS = (
    blocking("every_raw_sample_has_a_verdict", "Every raw sample is kept or rejected."),
    blocking("every_rejection_has_a_reason", "Every rejected sample names the rule that rejected it."),
    blocking("kept_ids_are_unique", "No content is kept twice in the batch."),
    blocking("kept_share_within_band", "The share of kept samples lies between min_kept_share and max_kept_share."),
    blocking("every_duplicate_names_its_twin", "Every rejected duplicate names the sample that it repeats."),
)


NEEDS = {
    "first_pass": Needs(("sample_id", "uri", "verdict", "reason", "duplicate_of")),
    "raw_index": Needs(("uri",)),
}


def suite(tables: Mapping[str, pa.Table], corpus: Corpus) -> list[Truth]:
    """The truths about the verdicts of the first pass."""
    gx = load_expectations()
    judged, raw = tables["first_pass"], tables["raw_index"]
    is_kept = pc.equal(judged["verdict"], "kept")
    rows = _verdicts(judged)
    n_kept = _n_true(is_kept)
    n_repeats = _n_true(pc.and_(pc.invert(is_kept), pc.match_substring(judged["reason"], "duplicate")))
    return [
        _every_raw_sample_has_a_verdict(judged, raw),
        of_rows(
            "every_rejection_has_a_reason",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="has_reason", value_set=[True]),
            what="rejected samples without a reason",
            rule="nothing is dropped in silence",
            remedy="run the first pass of the batch again; each of its rules must give its name",
            n=judged.num_rows - n_kept,
        ),
        of_rows(
            "kept_ids_are_unique",
            rows,
            gx.ExpectColumnValuesToBeUnique(column="kept_id"),
            what="kept samples whose content is kept more than once",
            rule="each content is kept once",
            remedy="run the first pass of the batch again; it must reject later copies as duplicates",
            n=n_kept,
        ),
        _kept_share(rows, n_kept, judged, corpus),
        of_rows(
            "every_duplicate_names_its_twin",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="has_twin", value_set=[True]),
            what="duplicates that do not name the sample they repeat",
            rule="every duplicate names its twin",
            remedy="run the first pass of the batch again",
            n=n_repeats,
        ),
    ]


def _every_raw_sample_has_a_verdict(judged: pa.Table, raw: pa.Table) -> Truth:
    decided = judged.filter(pc.is_in(judged["verdict"], value_set=pa.array(["kept", "rejected"])))
    asked = raw.select(["uri"]).append_column("has_verdict", membership(raw["uri"], decided["uri"]))
    return of_rows(
        "every_raw_sample_has_a_verdict",
        Profile(asked, "uri"),
        load_expectations().ExpectColumnValuesToBeInSet(column="has_verdict", value_set=[True]),
        what="raw samples that are neither kept nor rejected",
        rule="every raw sample needs a verdict",
        remedy="run the first pass of the batch again",
    )


def _verdicts(judged: pa.Table) -> Profile:
    is_kept = pc.equal(judged["verdict"], "kept")
    is_reason = pc.not_equal(pc.utf8_trim_whitespace(judged["reason"]), "")
    is_repeat = pc.and_(pc.invert(is_kept), pc.match_substring(judged["reason"], "duplicate"))
    columns = {
        "sample_id": judged["sample_id"],
        "has_reason": pc.or_(is_kept, pc.and_(is_reason, pc.not_equal(judged["reason"], "kept"))),
        "has_twin": pc.or_(pc.invert(is_repeat), pc.is_valid(judged["duplicate_of"])),
        "kept_id": pc.if_else(is_kept, judged["sample_id"], pa.scalar(None, pa.string())),
        "is_kept": pc.cast(is_kept, pa.int8()),
    }
    return Profile(pa.table(columns), "sample_id")


def _n_true(mask: pa.ChunkedArray) -> int:
    return int(pc.sum(pc.cast(mask, pa.int64())).as_py() or 0)


def _kept_share(rows: Profile, n_kept: int, judged: pa.Table, corpus: Corpus) -> Truth:
    gx = load_expectations()
    low, high = corpus.first_pass.min_kept_share, corpus.first_pass.max_kept_share
    share = n_kept / max(len(rows), 1)
    rejected = Counter(judged.filter(pc.not_equal(judged["verdict"], "kept"))["reason"].to_pylist())
    # The mean of no rows is no number; a batch without verdicts is for every_raw_sample_has_a_verdict to name.
    expectation = (
        gx.ExpectColumnMeanToBeBetween(column="is_kept", min_value=low, max_value=high)
        if len(rows)
        else gx.ExpectTableRowCountToEqual(value=0)
    )
    return Truth(
        "kept_share_within_band",
        rows,
        expectation,
        lambda _: f"kept samples: {n_kept:,} of {len(rows):,} ({share:.1%})",
        f"the share must be between {low:.1%} and {high:.1%}",
        "look at the commonest reasons and correct the source or the limits of first_pass, "
        "or move min_kept_share or max_kept_share",
        culprits=tuple(f"{reason}: {count:,} rejected" for reason, count in rejected.most_common()),
        n_culprits=len(rows) - n_kept,
    )
