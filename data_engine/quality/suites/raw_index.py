"""Checks of raw_index: newly read samples.

What becomes of the samples is checked in `first_pass.py`.
"""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.quality.checks import Needs, blocking, warning
from data_engine.quality.expectations import MAX_OFFENDING, Profile, Truth, load_expectations, of_rows
from data_engine.schemas import BREAKS_OFF, GIVES_NOTHING

TABLES = ("raw_index",)
LIMITS = ("first_pass",)

CHECKS = (
    blocking("has_samples", "The batch holds at least one raw sample."),
    blocking("unreadable_share_within_limit", "The share of unreadable samples is at most max_unreadable_share."),
    blocking(
        "no_file_breaks_off", "At most max_broken_files files end before all of their samples were read, or give none."
    ),
    blocking("every_source_id_is_unique", "No two raw samples carry the same id of the source."),
    blocking("every_uri_is_unique", "No two raw samples were read from the same place."),
    warning("every_metadata_is_an_object", "The metadata of every raw sample is a JSON object."),
)


def _with_objects(rows: pa.Table) -> pa.Table:
    """Whether the metadata is an object, in the place of the metadata."""
    is_object = [_is_object(text) for text in rows["metadata"].to_pylist()]
    return rows.drop_columns("metadata").append_column("is_object", pa.array(is_object, pa.bool_()))


NEEDS = {
    "raw_index": Needs(
        ("sample_id", "uri", "source_id", "is_readable", "error", "metadata"), _with_objects, gives=("is_object",)
    )
}


def suite(tables: Mapping[str, pa.Table], corpus: Corpus) -> list[Truth]:
    """The truths about newly read samples."""
    gx = load_expectations()
    raw = tables["raw_index"]
    rows = Profile(
        raw.select(["uri", "source_id", "is_object"]).append_column(
            "is_unreadable", pc.cast(pc.invert(raw["is_readable"]), pa.int8())
        ),
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
    unreadable = raw.filter(pc.invert(raw["is_readable"])).select(["uri", "error"])
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
        **_named(unreadable),
    )


def _broken_files(raw: pa.Table, limit: int) -> Truth:
    are = [pc.starts_with(raw["error"], prefix) for prefix in (BREAKS_OFF, GIVES_NOTHING)]
    broken = raw.filter(pc.fill_null(pc.or_(*are), False)).select(["uri", "error"])
    return Truth(
        "no_file_breaks_off",
        Profile(broken, "uri"),
        load_expectations().ExpectTableRowCountToBeBetween(max_value=limit),
        lambda _: f"files that break off, or in which nothing can be read: {broken.num_rows:,}",
        f"at most {limit:,} may, because nobody knows how many samples are missing",
        "repair or remove the files named, fetch them again, or raise first_pass.max_broken_files to go without them",
        **_named(broken),
    )


def _named(rows: pa.Table) -> dict[str, Any]:
    """The first of some rows with their errors, and how many there are."""
    first = rows.slice(0, MAX_OFFENDING).to_pylist()
    return {"culprits": tuple(f"{row['uri']}: {row['error']}" for row in first), "n_culprits": len(rows)}


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
