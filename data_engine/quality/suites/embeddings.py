"""Checks of embeddings: the embeddings of a batch.

What is measured of every vector is in `data_engine.quality.profiles`.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.quality.checks import Needs, blocking
from data_engine.quality.expectations import MAX_OFFENDING, Profile, Truth, load_expectations, of_rows
from data_engine.quality.profiles import membership, vectors

TABLES = ("embeddings", "first_pass")
LIMITS = ("max_failed_share",)

CHECKS = (
    blocking("every_kept_sample_is_embedded", "Every kept sample has an embedding, or a reason why it has none."),
    blocking("failed_share_within_limit", "The encoder failed on at most max_failed_share of the kept samples."),
    blocking("one_dimension", "All embeddings have the same number of values, and as many as they say."),
    blocking("all_values_are_finite", "No embedding holds a value that is NaN or infinite."),
    blocking("every_norm_is_one", "Every embedding has the L2 norm 1, within 0.001."),
)

NORM_TOLERANCE = 1e-3


def _measures(rows: pa.Table) -> pa.Table:
    """What is measured of every embedding, in the place of the embedding."""
    measured = vectors(rows["embedding"])
    columns = {
        "sample_id": rows["sample_id"],
        "dim": rows["dim"],
        "n_values": measured.n_values,
        "is_finite": measured.is_finite,
        "norm": pa.array(measured.norm, from_pandas=True),
    }
    return pa.table(columns)


NEEDS = {
    "embeddings": Needs(("sample_id", "embedding", "dim"), _measures, gives=("n_values", "is_finite", "norm")),
    "first_pass": Needs(("sample_id", "verdict")),
}


def suite(tables: Mapping[str, pa.Table], corpus: Corpus, failures: Mapping[str, str] | None = None) -> list[Truth]:
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
        culprits=tuple(f"{sample_id}: {why}" for sample_id, why in sorted(failures.items())[:MAX_OFFENDING]),
        n_culprits=len(failures),
    )


def _measured(embedded: pa.Table) -> tuple[Profile, int]:
    """Measures of every embedding, and the commonest dimension."""
    dims, n_values = embedded["dim"].to_numpy(), embedded["n_values"].to_numpy()
    common = int(np.bincount(dims).argmax()) if len(dims) else 0
    columns = {
        "sample_id": embedded["sample_id"],
        "has_the_dim": (dims == common) & (n_values == common),
        "is_finite": embedded["is_finite"],
        "norm": embedded["norm"],
    }
    return Profile(pa.table(columns), "sample_id"), common
