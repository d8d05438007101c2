"""Suites of what arrives: raw_index, first_pass, embeddings."""

import json
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows
from data_engine.quality.profiles import membership, vectors
from data_engine.schemas import BREAKS_OFF

NORM_TOLERANCE = 1e-3


def raw_index(tables: Mapping[str, pa.Table], corpus: Corpus) -> list[Truth]:
    """The truths about newly read samples."""
    gx = load_expectations()
    raw = tables["raw_index"]
    is_object = pa.array([_is_object(text) for text in raw["metadata"].to_pylist()], pa.bool_())
    rows = Profile(
        raw.select(["uri", "source_id"])
        .append_column("is_unreadable", pc.cast(pc.invert(raw["is_readable"]), pa.int8()))
        .append_column("is_object", is_object),
        "uri",
    )
    return [
        _has_samples(rows),
        _unreadable_share(raw, rows, corpus.first_pass.max_unreadable_share),
        _broken_files(raw, corpus.first_pass.max_broken_files),
        of_rows(
            "every_source_id_is_unique",
            rows,
            gx.ExpectColumnValuesToBeUnique(column="source_id"),
            what="raw samples that share their source's id with another",
            rule="every id of the source must be unique",
            remedy="correct the source, or point source.id_column at a column that is unique",
        ),
        of_rows(
            "every_uri_is_unique",
            rows,
            gx.ExpectColumnValuesToBeUnique(column="uri"),
            what="raw samples that share their uri with another",
            rule="every place is read once",
            remedy="make source.pattern match each file once",
        ),
        of_rows(
            "every_metadata_is_an_object",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="is_object", value_set=[True]),
            what="raw samples whose metadata is not a JSON object",
            rule="every metadata must be one",
            remedy="index the batch again from its source",
        ),
    ]


def _has_samples(rows: Profile) -> Truth:
    return Truth(
        "has_samples",
        rows,
        load_expectations().ExpectTableRowCountToBeBetween(min_value=1),
        lambda _: f"raw samples: {len(rows):,}",
        "a batch needs at least 1",
        "check source.path and source.pattern, or remove the empty batch",
    )


def _unreadable_share(raw: pa.Table, rows: Profile, limit: float) -> Truth:
    unreadable = raw.filter(pc.invert(raw["is_readable"])).select(["uri", "error"]).to_pylist()
    share = len(unreadable) / max(len(rows), 1)
    # The mean of no rows is no number; an empty batch is for has_samples to name.
    expectation = (
        load_expectations().ExpectColumnMeanToBeBetween(column="is_unreadable", max_value=limit)
        if len(rows)
        else load_expectations().ExpectTableRowCountToEqual(value=0)
    )
    return Truth(
        "unreadable_share_within_limit",
        rows,
        expectation,
        lambda _: f"unreadable samples: {len(unreadable):,} of {len(rows):,} ({share:.1%})",
        f"at most {limit:.1%} may be",
        "repair or remove the files named, or raise first_pass.max_unreadable_share",
        culprits=tuple(f"{row['uri']}: {row['error']}" for row in unreadable),
    )


def _broken_files(raw: pa.Table, limit: int) -> Truth:
    is_broken = pc.fill_null(pc.starts_with(raw["error"], BREAKS_OFF), False)
    broken = raw.filter(is_broken).select(["uri", "error"])
    return Truth(
        "no_file_breaks_off",
        Profile(broken, "uri"),
        load_expectations().ExpectTableRowCountToBeBetween(max_value=limit),
        lambda _: f"files that end before all of their samples were read: {broken.num_rows:,}",
        f"at most {limit:,} may, because nobody knows how many samples are missing",
        "repair the files named or fetch them again, or raise first_pass.max_broken_files to go on without the rest",
        culprits=tuple(f"{row['uri']}: {row['error']}" for row in broken.to_pylist()),
    )


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def first_pass(tables: Mapping[str, pa.Table], corpus: Corpus) -> list[Truth]:
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


def embeddings(
    tables: Mapping[str, pa.Table], corpus: Corpus, failures: Mapping[str, str] | None = None
) -> list[Truth]:
    """The truths about embeddings: present for all that is kept, of one dimension, finite, of norm 1.

    Args:
        tables: embeddings, first_pass.
        corpus: gives the share that the encoder may fail on.
        failures: Why there is no embedding, by the id of a sample that the encoder failed on.
    """
    gx = load_expectations()
    embedded, judged = tables["embeddings"], tables["first_pass"]
    rows, common = _measured(embedded)
    return [
        _every_kept_sample_is_embedded(embedded, judged, failures or {}),
        _failed_share(judged, failures or {}, corpus.max_failed_share),
        of_rows(
            "one_dimension",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="has_the_dim", value_set=[True]),
            what=f"embeddings that do not hold {common} values",
            rule="all must have the same dimension",
            remedy="embed all batches with the same encoder",
        ),
        of_rows(
            "all_values_are_finite",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="is_finite", value_set=[True]),
            what="embeddings with a NaN or infinite value",
            rule="all values must be finite",
            remedy="embed the batch again in float32",
        ),
        of_rows(
            "every_norm_is_one",
            rows,
            gx.ExpectColumnValuesToBeBetween(column="norm", min_value=1 - NORM_TOLERANCE, max_value=1 + NORM_TOLERANCE),
            what="embeddings whose norm is not 1",
            rule=f"every norm must be within {NORM_TOLERANCE} of 1",
            remedy="normalise the rows that the encoder gives",
        ),
    ]


def _every_kept_sample_is_embedded(embedded: pa.Table, judged: pa.Table, failures: Mapping[str, str]) -> Truth:
    kept = judged.filter(pc.equal(judged["verdict"], "kept")).select(["sample_id"])
    decided = pa.chunked_array([*embedded["sample_id"].chunks, pa.array(list(failures), pa.string())], pa.string())
    asked = kept.append_column("is_embedded", membership(kept["sample_id"], decided))
    return of_rows(
        "every_kept_sample_is_embedded",
        Profile(asked, "sample_id"),
        load_expectations().ExpectColumnValuesToBeInSet(column="is_embedded", value_set=[True]),
        what="kept samples without an embedding",
        rule="every kept sample needs one, or a reason in the ledger",
        remedy="embed the batch again; if the same samples fail, look at their content",
    )


def _failed_share(judged: pa.Table, failures: Mapping[str, str], limit: float) -> Truth:
    gx = load_expectations()
    kept = judged.filter(pc.equal(judged["verdict"], "kept")).select(["sample_id"])
    failed = pa.chunked_array([pa.array(list(failures), pa.string())])
    rows = Profile(
        kept.append_column("is_failed", pc.cast(membership(kept["sample_id"], failed), pa.int8())), "sample_id"
    )
    share = len(failures) / max(len(rows), 1)
    # The mean of no rows is no number; a batch that keeps nothing is for kept_share_within_band to name.
    expectation = (
        gx.ExpectColumnMeanToBeBetween(column="is_failed", max_value=limit)
        if len(rows)
        else gx.ExpectTableRowCountToEqual(value=0)
    )
    return Truth(
        "failed_share_within_limit",
        rows,
        expectation,
        lambda _: f"kept samples that the encoder failed on: {len(failures):,} of {len(rows):,} ({share:.1%})",
        f"at most {limit:.1%} may be",
        "look at the samples named, give a rule of the first pass that rejects their like, or raise max_failed_share",
        culprits=tuple(f"{sample_id}: {why}" for sample_id, why in sorted(failures.items())),
    )


def _measured(embedded: pa.Table) -> tuple[Profile, int]:
    """What is asked of every embedding, and the commonest dimension."""
    measured = vectors(embedded["embedding"])
    said = embedded["dim"].to_numpy()
    common = int(np.bincount(said).argmax()) if len(said) else 0
    columns = {
        "sample_id": embedded["sample_id"],
        "has_the_dim": (said == common) & (measured.n_values == common),
        "is_finite": measured.is_finite,
        "norm": pa.array(measured.norm, from_pandas=True),
    }
    return Profile(pa.table(columns), "sample_id"), common
