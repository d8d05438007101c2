"""From which columns of which tables each column of a table comes: the one declaration behind all column lineage.

A column comes from the column of its name in the first table that its step reads and that has one, since a quantity has
one name in all tables. Where that is not so, `MADE_OF` says what it is. Columns of SQL models are read from their SQL.
"""

from collections.abc import Mapping, Sequence

import pyarrow as pa

SOURCE = "source"
"""What raw samples are read from: its columns are the `path` and `modified_at` of a file, the `content` of a sample (a
file, or the column of the text), the `id` column, and all `other_columns`."""

ColumnSources = dict[str, tuple[tuple[str, str], ...]]

_CONTENT, _OWN = ("source.content",), ()
_VECTORS = ("embeddings.embedding",)
_ANSWERS = ("reviewed_labels.label", "reviewed_labels.annotator")

#: By table and column, the columns as `table.column`. Nothing where a column is of the step alone: what it decided, its
#: settings, a time.
MADE_OF: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "raw_index": {
        **dict.fromkeys(
            (
                "sample_id",
                "media_type",
                "n_bytes",
                "text",
                "width_px",
                "height_px",
                "thumbnail",
                "is_readable",
                "error",
            ),
            _CONTENT,
        ),
        "batch": ("source.path",),
        "uri": ("source.path",),
        "source_id": ("source.id",),
        "arrived_at": ("source.modified_at",),
        "metadata": ("source.other_columns",),
    },
    "first_pass": {
        **dict.fromkeys(
            ("n_chars", "n_words", "letter_share", "language", "junk_score", "minhash"), ("raw_index.text",)
        ),
        **dict.fromkeys(("signals", "verdict", "reason", "score"), ("raw_index.text", "raw_index.thumbnail")),
        "sketch": ("raw_index.thumbnail",),
        "duplicate_of": ("raw_index.sample_id", "raw_index.text", "raw_index.thumbnail"),
    },
    "embeddings": {"embedding": ("raw_index.text", "raw_index.thumbnail")},
    "drift_report": {
        **dict.fromkeys(
            ("expected_share", "observed_share", "contribution", "novelty_p", "mass_p", "centre_p"), _VECTORS
        ),
        **dict.fromkeys(("p_value", "is_alarm", "is_suspect", "note"), _VECTORS),
        "n_samples": ("embeddings.sample_id",),
        "n_reference": ("embeddings.sample_id",),
        "sample_ids": ("embeddings.sample_id",),
    },
    "cluster_tree": dict.fromkeys(("cluster", "parent", "n_samples", "centroid", "tree_version"), _VECTORS),
    "balanced_subset": {
        "sample_id": ("embeddings.sample_id",),
        "leaf": ("cluster_tree.cluster", *_VECTORS),
        "top_cluster": ("cluster_tree.parent",),
        "leaf_size": ("cluster_tree.n_samples",),
        "quota": ("cluster_tree.n_samples",),
        "reason": ("cluster_tree.cluster", *_VECTORS),
    },
    "reviewed_labels": {"sample_id": ("balanced_subset.sample_id",)},
    "classifier": {
        **dict.fromkeys(("artefact", "n_training", "n_hold_out", "accuracy"), (*_ANSWERS[:1], *_VECTORS)),
        "training_version": ("reviewed_labels.label",),
        "hold_out_version": ("reviewed_labels.label",),
        "encoder_version": ("embeddings.encoder_version",),
    },
    "proposals": {
        "sample_id": ("balanced_subset.sample_id",),
        **dict.fromkeys(
            ("label", "answer", "probability", "probabilities", "uncertainty", "utility", "difficulty"),
            ("classifier.artefact", *_VECTORS),
        ),
        "kind": _OWN,
        "route": ("classifier.gate_threshold", "classifier.gate_by_class"),
        "reason": ("classifier.gate_threshold", "classifier.gate_by_class"),
    },
    "labels": {
        "sample_id": ("balanced_subset.sample_id", "reviewed_labels.sample_id"),
        "label": (*_ANSWERS, "proposals.label"),
        "answer": ("reviewed_labels.answer", "proposals.answer"),
        "provenance": ("reviewed_labels.provenance", "proposals.route"),
        "posterior": (*_ANSWERS, "proposals.probabilities"),
        "quality": (*_ANSWERS, *_VECTORS),
        "n_annotations": ("reviewed_labels.annotation_id",),
        "in_subset": ("balanced_subset.sample_id",),
    },
    # A figure has no column of its own: what a metric is computed from is said in its note.
    "quality_report": dict.fromkeys(("value", "low", "high", "n", "note"), _OWN),
    "release": {
        "release_id": ("labels.sample_id", "labels.label", "raw_index.text"),
        "batch": ("balanced_subset.batch",),
        "split": ("cluster_tree.cluster", *_VECTORS),
        "repeats_in_other_split": _VECTORS,
        "labels_by_question": ("labels.label", "labels.provenance"),
    },
}


def column_sources(table: str, reads: Sequence[str], schemas: Mapping[str, pa.Schema]) -> ColumnSources:
    """The (table, column) pairs that each column of a table comes from.

    Args:
        table: The table of a step.
        reads: The steps that it reads, in the order of the plan: inputs first.
        schemas: The schema of every table.

    Returns: for each column in order; empty where it is of the step alone. A table that nothing reads is left out, as
        of a corpus without labels.
    """
    said, found = MADE_OF.get(table, {}), {}
    known = {SOURCE, *reads, *(["balanced_subset"] if "review_batches" in reads else [])}
    for column in schemas[table].names:
        if column in said:
            pairs = (tuple(name.split(".", 1)) for name in said[column])
            found[column] = tuple((of, name) for of, name in pairs if of in known)
        else:
            of = next((each for each in reads if each in schemas and column in schemas[each].names), None)
            found[column] = ((of, column),) if of else ()
    return found
