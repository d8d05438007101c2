"""Checks of release: the released samples and their labels.

The labels that are released are checked in `labels.py`.
"""

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.quality.checks import blocking
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows
from data_engine.quality.label_truths import PROVENANCE_IS_KNOWN, provenance_is_known
from data_engine.quality.profiles import membership
from data_engine.releasing.ground_groups import ground_boxes, ground_groups

TABLES = ("release", "labels")

CHECKS = (
    blocking("every_released_sample_has_a_label", "Every released label is the sample's label.", is_about_labels=True),
    blocking("no_out_of_scope_sample_is_released", "No sample that is out of scope is released.", is_about_labels=True),
    blocking("release_is_not_empty", "The release holds at least one sample."),
    PROVENANCE_IS_KNOWN,
    blocking("no_cluster_is_in_two_splits", "Samples of one cluster, of scenes one piece of ground, are in one split."),
    blocking("no_near_duplicate_is_in_another_split", "No sample nearly repeats one of another split."),
)


def suite(tables: Mapping[str, pa.Table], corpus: Corpus) -> list[Truth]:
    """The truths about what is given away."""
    gx = load_expectations()
    released, labelled = tables["release"], tables["labels"]
    rows = Profile(
        released.select(["sample_id", "label", "provenance"]).append_column(
            "has_its_label", membership(_pairs(released), _pairs(_in_columns(labelled)))
        ),
        "sample_id",
    )
    out_of_scope = corpus.labels.out_of_scope
    return [
        of_rows(
            "every_released_sample_has_a_label",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="has_its_label", value_set=[True]),
            what="released samples whose label is not the one in labels",
            rule="every released label must be the sample's label",
            remedy="build the release again from the present labels",
        ),
        of_rows(
            "no_out_of_scope_sample_is_released",
            rows,
            gx.ExpectColumnValuesToNotBeInSet(column="label", value_set=[out_of_scope] if out_of_scope else []),
            what="released samples that are out of scope",
            rule=f"samples labelled {out_of_scope!r} stay behind",
            remedy="build the release again without them",
        ),
        Truth(
            "release_is_not_empty",
            rows,
            gx.ExpectTableRowCountToBeBetween(min_value=1),
            lambda _: f"released samples: {len(rows):,}",
            "a release needs at least 1",
            "label some of the subset first" if corpus.has_labels else "raise subset.target_size, or take in more",
        ),
        provenance_is_known(rows),
        *_truths_of_splits(released, corpus),
    ]


def _kept_together(released: pa.Table, corpus: Corpus) -> pa.ChunkedArray | pa.Array:
    """What of a row stays in one split: its cluster, or of tiles of scenes their piece of ground."""
    boxes = ground_boxes(released) if corpus.modality == "raster" and corpus.release.splits is not None else None
    if boxes is None or corpus.release.splits is None:
        return released["leaf"]
    return pa.array(ground_groups(boxes, block_km=corpus.release.splits.ground_block_km))


def _truths_of_splits(released: pa.Table, corpus: Corpus) -> list[Truth]:
    """The truths about splits, which hold where there are none."""
    gx = load_expectations()
    group = _kept_together(released, corpus)
    pairs = pc.value_counts(pc.binary_join_element_wise(pc.cast(group, pa.string()), released["split"], " "))
    per_group = Counter(pair.split(" ")[0] for pair in pairs.field("values").drop_null().to_pylist())
    n_splits = pa.array([per_group[str(number)] for number in group.to_pylist()], pa.int64())
    repeated = released["repeats_in_other_split"]
    kept = "cluster" if corpus.modality != "raster" else "piece of ground"
    rows = pa.table({"sample_id": released["sample_id"], "n_splits": n_splits, "repeated": repeated})
    return [
        of_rows(
            "no_cluster_is_in_two_splits",
            Profile(rows, "sample_id"),
            gx.ExpectColumnValuesToBeBetween(column="n_splits", max_value=1),
            what=f"released samples whose {kept} is in several splits",
            rule=f"a {kept} stays on one side",
            remedy="build the release again",
        ),
        of_rows(
            "no_near_duplicate_is_in_another_split",
            Profile(rows, "sample_id"),
            gx.ExpectColumnValuesToBeNull(column="repeated"),
            what="released samples that nearly repeat one of another split",
            rule="near duplicates stay on one side",
            remedy="lower release.splits.least_cosine and release again, so that they are kept together",
        ),
    ]


def _in_columns(labelled: pa.Table) -> pa.Table:
    """Labels that are objects in the column that a release has for them."""
    from data_engine.labeling.answers.registry import kind_of

    if "kind" not in labelled.column_names or labelled["label"].null_count == 0:
        return labelled
    exported = kind_of(labelled["kind"].to_pylist()).exported(labelled["answer"].to_pylist())
    for name, values in exported.items():
        if name not in labelled.column_names:
            labelled = labelled.append_column(name, values)
    return labelled


def _pairs(table: pa.Table) -> pa.ChunkedArray:
    """Sample and label as one key, of images their objects; an id holds no tab."""
    said = pc.coalesce(table["label"], table["objects"]) if "objects" in table.column_names else table["label"]
    return pc.binary_join_element_wise(table["sample_id"], said, "\t")
