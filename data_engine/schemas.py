"""One Arrow schema per table of a corpus, in one place; writing anything else fails and names the column.

A table's rows never hold a run id or the time of the run (only the ledger and the bookkeeping tables do), so that
the same input gives the same rows and the same data version.
"""

from collections.abc import Mapping
from typing import NamedTuple

import pyarrow as pa

#: Tables of a corpus by name, as checks and reports are given them.
Tables = Mapping[str, pa.Table]

_TIME = pa.timestamp("us", tz="UTC")


def _required(name: str, kind: pa.DataType, text: str) -> pa.Field:
    return pa.field(name, kind, nullable=False, metadata={"description": text})


def _optional(name: str, kind: pa.DataType, text: str) -> pa.Field:
    return pa.field(name, kind, nullable=True, metadata={"description": text})


#: How the error of a raw index row begins that stands for the unread rest of a file.
BREAKS_OFF = "breaks off after"

_SAMPLE = _required("sample_id", pa.string(), "hash of the sample's content (xxh3-128, 32 hex digits)")
_BATCH = _required("batch", pa.string(), "ingestion batch, the partition key")

RAW_INDEX = pa.schema(
    [
        _SAMPLE,
        _BATCH,
        _required("uri", pa.string(), "where it was read: path, or path#row; unique within the corpus"),
        _optional("source_id", pa.string(), "the id that the source itself gives, where it gives one"),
        _required("media_type", pa.string(), "text/plain, image/png, ..."),
        _required("n_bytes", pa.int64(), "size of the content in bytes"),
        _required("arrived_at", _TIME, "when the source file was last changed"),
        _optional("text", pa.string(), "the text; null for images and unreadable samples"),
        _optional("width_px", pa.int32(), "image width, turned upright"),
        _optional("height_px", pa.int32(), "image height, turned upright"),
        _optional("thumbnail", pa.binary(), "JPEG of at most 128 px a side; null for texts and unreadable samples"),
        _required("metadata", pa.string(), "the source's other columns as a JSON object"),
        _required("is_readable", pa.bool_(), "false when the content could not be decoded"),
        _optional("error", pa.string(), "why it is not readable; see BREAKS_OFF for lost rests"),
    ]
)

FIRST_PASS = pa.schema(
    [
        _SAMPLE,
        _BATCH,
        _required("uri", pa.string(), "the raw sample judged"),
        _required("verdict", pa.string(), "kept or rejected"),
        _required("reason", pa.string(), "kept, or the rule that rejected it"),
        _optional("score", pa.float64(), "what the deciding rule measured"),
        _optional("threshold", pa.float64(), "the limit that the score was held against"),
        _optional("duplicate_of", pa.string(), "sample_id of the kept twin, for duplicates"),
        _optional("n_chars", pa.int64(), "characters"),
        _optional("n_words", pa.int64(), "white-space separated words"),
        _optional("letter_share", pa.float64(), "share of letters among the non-space characters"),
        _optional(
            "language", pa.string(), "ISO 639 code of the most probable language; null where no rule asks for it"
        ),
        _optional("junk_score", pa.float64(), "probability of being junk by the small classifier"),
        _optional(
            "signals",
            pa.map_(pa.string(), pa.float64()),
            "every score of the rules by its name, those that are off included: signals['stop_words']",
        ),
        _optional(
            "minhash", pa.binary(), "126 MinHash values (uint32) and a 64-bit hash of the numbers; kept ones only"
        ),
        _optional("sketch", pa.binary(), "64-bit dHash, 32 x 32 luma and 4 x 4 colours of an image; kept ones only"),
    ]
)

EMBEDDINGS = pa.schema(
    [
        _SAMPLE,
        _BATCH,
        _required("embedding", pa.binary(), "float32 bytes, L2 norm 1"),
        _required("dim", pa.int32(), "number of values in the embedding"),
        _required("encoder_version", pa.string(), "name and fingerprint of the encoder"),
    ]
)

CLUSTER_TREE = pa.schema(
    [
        _required("level", pa.int32(), "1 is the finest"),
        _required("cluster", pa.int32(), "number of the cluster within its level, from 0"),
        _optional("parent", pa.int32(), "cluster of the next level; null at the top"),
        _required("n_samples", pa.int64(), "samples below this cluster"),
        _required("centroid", pa.binary(), "float32 bytes"),
        _required("tree_version", pa.string(), "fingerprint of the centroids of all levels"),
    ]
)

TREE_ASSIGNMENTS = pa.schema(
    [
        _SAMPLE,
        _BATCH,
        _required("leaf", pa.int32(), "cluster of level 1"),
        _required("distance", pa.float32(), "squared L2 distance to the centroid of the leaf"),
        _required("tree_version", pa.string(), "the tree that it was assigned to"),
    ]
)

CLUSTER_PORTRAITS = pa.schema(
    [
        _required("level", pa.int32(), "1 is the finest"),
        _required("cluster", pa.int32(), "number of the cluster within its level, from 0"),
        _optional("name", pa.string(), "its most typical terms; null where its samples have no texts"),
        _required("n_samples", pa.int64(), "samples below this cluster now"),
        _optional(
            "silhouette",
            pa.float64(),
            "mean simplified silhouette of its samples in [-1, 1], higher is clearer; null below two samples",
        ),
        _required("n_measured", pa.int64(), "samples that the silhouette is taken from"),
        _required("nearest", pa.list_(pa.string()), "sample ids nearest to the centroid, the nearest first"),
        _required("border", pa.list_(pa.string()), "sample ids of the lowest silhouette, the lowest first"),
        _required("tree_version", pa.string(), "the tree that it is about"),
    ]
)

TREE_EXPLANATION = pa.schema(
    [
        _required("line", pa.int32(), "place of the sentence, from 1"),
        _required("sentence", pa.string(), "why the tree has the levels that it has"),
        _required("n_built", pa.int64(), "samples that the tree was built on"),
        _required("tree_version", pa.string(), "the tree that it is about"),
    ]
)

BALANCED_SUBSET = pa.schema(
    [
        _SAMPLE,
        _BATCH,
        _required("leaf", pa.int32(), "cluster of level 1"),
        _required("top_cluster", pa.int32(), "cluster of the coarsest level"),
        _required("leaf_size", pa.int64(), "samples in the leaf"),
        _required("quota", pa.int64(), "samples chosen from the leaf"),
        _required("reason", pa.string(), "why it was chosen, as a sentence"),
        _required("tree_version", pa.string(), "the tree that the quotas come from"),
    ]
)

SEMANTIC_DUPLICATES = pa.schema(
    [
        _SAMPLE,
        _BATCH,
        _required("duplicate_of", pa.string(), "sample_id of the twin, which stays"),
        _required("score", pa.float64(), "cosine of the two embeddings"),
        _required("threshold", pa.float64(), "cosine at and above which a sample goes"),
    ]
)

SUBSET_COMPARISON = pa.schema(
    [
        _required("method", pa.string(), "how the subset was chosen; see subset.method"),
        _required("draw", pa.int32(), "which of several subsets of the method, from 0"),
        _required(
            "counted_over", pa.string(), "what the balance is counted over: known labels, top clusters or leaves"
        ),
        _required("kl", pa.float64(), "Kullback-Leibler divergence to uniform in nats; 0 is perfectly even"),
        _required("largest_share", pa.float64(), "share of the subset in its largest group"),
        _required("n_covered", pa.int64(), "groups with at least one chosen sample"),
        _required("n_groups", pa.int64(), "groups that exist"),
        _required("n_samples", pa.int64(), "chosen samples of known group"),
        _required("seconds", pa.float64(), "wall seconds of choosing, without the corpus' own tree"),
    ]
)

CLASSIFIER = pa.schema(
    [
        _required("classifier_version", pa.string(), "fingerprint of the parameters"),
        _required("n_rounds", pa.int32(), "review batches it has learnt from"),
        _required("n_training", pa.int64(), "labelled samples it was trained on"),
        _required("n_hold_out", pa.int64(), "random, labelled, never trained on"),
        _required("accuracy", pa.float64(), "share of the hold-out it gets right"),
        _required("accuracy_low", pa.float64(), "lower end of the 90 % interval of the accuracy"),
        _required("accuracy_high", pa.float64(), "upper end of the 90 % interval of the accuracy"),
        _required("calibration_error", pa.float64(), "expected calibration error on the hold-out, 10 bins"),
        _required("temperature", pa.float64(), "softmax temperature fitted on the hold-out"),
        _optional("query_accuracy", pa.float64(), "hold-out accuracy when trained on query batches alone"),
        _optional("control_accuracy", pa.float64(), "hold-out accuracy when trained on control batches alone"),
        _optional("gate_threshold", pa.float64(), "confidence above which a proposal is accepted; null: none"),
        _optional("gate_lower_bound", pa.float64(), "Clopper-Pearson lower bound of the accepted precision"),
        _required("gate_target", pa.float64(), "precision promised"),
        _required("gate_n_checked", pa.int64(), "hold-out samples above the threshold"),
        _required("is_in_service", pa.bool_(), "the version that proposals come from"),
        _required("artefact", pa.binary(), "NumPy archive of weights, biases, temperature and class names"),
    ]
)

PROPOSALS = pa.schema(
    [
        _SAMPLE,
        _required("classifier_version", pa.string(), "who proposes"),
        _required("label", pa.string(), "the most probable class"),
        _required("probability", pa.float32(), "its calibrated probability"),
        _required("probabilities", pa.binary(), "float32 bytes, one per class, in the order of the corpus"),
        _required("uncertainty", pa.float32(), "1 - probability; higher is less certain"),
        _required("utility", pa.float32(), "what the query strategy ranks by; higher is asked first"),
        _required("difficulty", pa.string(), "easy, medium or hard"),
        _required("route", pa.string(), "accept or person"),
        _required("reason", pa.string(), "why this route, as a sentence"),
    ]
)

REVIEWED_LABELS = pa.schema(
    [
        _required("annotation_id", pa.string(), "one answer"),
        _SAMPLE,
        _required("review_batch", pa.string(), "review batch, the partition key"),
        _required("task_id", pa.string(), "the question answered"),
        _required("purpose", pa.string(), "hold_out, query, control, audit or trap"),
        _required("arm", pa.string(), "manual, assisted, proposed, blind or trap"),
        _required("annotator", pa.string(), "who answered"),
        _required("label", pa.string(), "the answer"),
        _optional("proposed_label", pa.string(), "what was proposed; hidden from the annotator in the arm blind"),
        _required("provenance", pa.string(), "who made the label; see labels.provenance"),
        _required("is_simulated", pa.bool_(), "true when no person answered"),
        _optional("active_s", pa.float64(), "active seconds of a person; null for simulated answers"),
        _required("revision", pa.int32(), "1 for the first answer, higher after corrections"),
    ]
)

LABELS = pa.schema(
    [
        _SAMPLE,
        _required("label", pa.string(), "the one label of the sample"),
        _required(
            "provenance",
            pa.string(),
            "human, human_assisted, model_accepted, model_edited, model_auto or simulated",
        ),
        _required("posterior", pa.float32(), "probability of the label after pooling answers and classifier"),
        _required("quality", pa.float32(), "in [0, 1]; lower is worse"),
        _required("n_annotations", pa.int32(), "answers behind it; 0 for model_auto"),
        _optional("review_batch", pa.string(), "where it was answered; null for model_auto"),
        _optional("classifier_version", pa.string(), "who proposed it; null when no proposal was used"),
    ]
)

QUALITY_REPORT = pa.schema(
    [
        _required("metric", pa.string(), "name"),
        _required("scope", pa.string(), "all, or the class, batch or level that it is about"),
        _required("value", pa.float64(), "point estimate"),
        _optional("low", pa.float64(), "lower end of the 90 % interval"),
        _optional("high", pa.float64(), "upper end of the 90 % interval"),
        _optional("n", pa.int64(), "observations behind it"),
        _required("unit", pa.string(), "share, samples, nats, seconds, ..."),
        _required("direction", pa.string(), "higher_is_better, lower_is_better or neutral"),
        _required("note", pa.string(), "how it was computed, as a sentence"),
    ]
)

DRIFT_REPORT = pa.schema(
    [
        _BATCH,
        _optional("cluster", pa.int32(), "cluster of the tested level; null when there was not enough data"),
        _optional("expected_share", pa.float64(), "share of the reference in this cluster"),
        _optional("observed_share", pa.float64(), "share of the batch in this cluster"),
        _optional("contribution", pa.float64(), "this cluster's part of the chi-square statistic"),
        _optional("p_value", pa.float64(), "of the whole batch, repeated on each row"),
        _required("n_samples", pa.int64(), "samples of the batch"),
        _required("n_reference", pa.int64(), "samples of the reference"),
        _required("is_alarm", pa.bool_(), "p_value below the corpus' limit"),
        _required("sample_ids", pa.list_(pa.string()), "up to ten samples of the batch in this cluster"),
        _required("note", pa.string(), "what was compared, or why it could not be"),
    ]
)

RELEASE = pa.schema(
    [
        _SAMPLE,
        _required("release_id", pa.string(), "fingerprint of the released rows"),
        _BATCH,
        _required("uri", pa.string(), "where it was first read"),
        _optional("text", pa.string(), "the text; null for images"),
        _required("label", pa.string(), "the label"),
        _required("provenance", pa.string(), "who made the label"),
        _required("posterior", pa.float32(), "probability of the label"),
        _required("quality", pa.float32(), "label quality in [0, 1]; lower is worse"),
        _required("leaf", pa.int32(), "cluster of level 1"),
        _required("top_cluster", pa.int32(), "cluster of the coarsest level"),
        _required("metadata", pa.string(), "the source's other columns as a JSON object"),
    ]
)

LEDGER = pa.schema(
    [
        _SAMPLE,
        _required("step", pa.string(), "the step that decided"),
        _required("batch", pa.string(), "the step's partition: ingestion batch, review batch, or empty"),
        _required("verdict", pa.string(), "kept, rejected, chosen, not_chosen, labelled, waiting, released, ..."),
        _required("reason", pa.string(), "why"),
        _optional("score", pa.float64(), "what was measured"),
        _optional("threshold", pa.float64(), "what it was held against"),
        _optional("model_version", pa.string(), "classifier, encoder or tree version that took part"),
        _required("table_version", pa.int64(), "version of the step's table that holds the result"),
        _required("run_id", pa.string(), "the run that decided"),
        _required("decided_at", _TIME, "when"),
    ]
)

CHECK_RESULTS = pa.schema(
    [
        _required("step", pa.string(), "the step that was checked"),
        _required("batch", pa.string(), "its partition, or empty"),
        _required("data_version", pa.string(), "the content that was checked, and after a colon the rules"),
        _required("check", pa.string(), "one truth, as a name"),
        _required("passed", pa.bool_(), "whether it holds"),
        _required("is_blocking", pa.bool_(), "whether what follows must wait"),
        _required("detail", pa.string(), "value, rule and remedy when it does not hold"),
        _required("n_offending", pa.int64(), "rows that break it"),
        _required("seconds", pa.float64(), "wall seconds of the step's whole suite, repeated on each row"),
        _required("run_id", pa.string(), "the run that checked"),
        _required("checked_at", _TIME, "when"),
    ]
)

STEP_VERSIONS = pa.schema(
    [
        _required("step", pa.string(), "the step"),
        _required("batch", pa.string(), "its partition, or empty"),
        _required("data_version", pa.string(), "fingerprint of the rows written"),
        _required("code_version", pa.string(), "fingerprint of the step's code and configuration"),
        _required("input_version", pa.string(), "fingerprint of what the step read"),
        _required("table_version", pa.int64(), "Delta version of the table after the write"),
        _required("n_rows", pa.int64(), "rows written"),
        _required("seconds", pa.float64(), "wall seconds of the step's own work"),
        _required("run_id", pa.string(), "the run"),
        _required("written_at", _TIME, "when"),
    ]
)


class Table(NamedTuple):
    """A table of a corpus."""

    schema: pa.Schema
    partition_by: tuple[str, ...] = ()
    """Columns by which it is partitioned on disk and replaced piece by piece; without any it is replaced whole."""


#: Every table of a corpus by name.
TABLES: dict[str, Table] = {
    "raw_index": Table(RAW_INDEX, ("batch",)),
    "first_pass": Table(FIRST_PASS, ("batch",)),
    "embeddings": Table(EMBEDDINGS, ("batch",)),
    "cluster_tree": Table(CLUSTER_TREE),
    "tree_assignments": Table(TREE_ASSIGNMENTS),
    "cluster_portraits": Table(CLUSTER_PORTRAITS),
    "tree_explanation": Table(TREE_EXPLANATION),
    "balanced_subset": Table(BALANCED_SUBSET),
    "semantic_duplicates": Table(SEMANTIC_DUPLICATES),
    "subset_comparison": Table(SUBSET_COMPARISON),
    "classifier": Table(CLASSIFIER),
    "proposals": Table(PROPOSALS),
    "reviewed_labels": Table(REVIEWED_LABELS, ("review_batch",)),
    "labels": Table(LABELS),
    "quality_report": Table(QUALITY_REPORT),
    "drift_report": Table(DRIFT_REPORT, ("batch",)),
    "release": Table(RELEASE),
    "ledger": Table(LEDGER, ("step", "batch")),
    "check_results": Table(CHECK_RESULTS, ("step", "batch")),
    "step_versions": Table(STEP_VERSIONS, ("step", "batch")),
}

SCHEMAS: dict[str, pa.Schema] = {name: table.schema for name, table in TABLES.items()}

PARTITION_COLUMNS: dict[str, tuple[str, ...]] = {
    name: table.partition_by for name, table in TABLES.items() if table.partition_by
}

#: Tables that earlier versions wrote under another name; they are found and moved when they are first asked for.
FORMER_NAMES: dict[str, str] = {"check_results": "gates"}
