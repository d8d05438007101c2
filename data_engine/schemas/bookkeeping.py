"""Schemas of the ledger, of check results and of versions: the only tables that name runs and times.

All tables by name are in the package itself.
"""

import pyarrow as pa

from data_engine.schemas.fields import SAMPLE, TIME, optional, required

LEDGER = pa.schema(
    [
        SAMPLE,
        required("step", pa.string(), "the step that decided"),
        required("batch", pa.string(), "the step's partition: ingestion batch, review batch, or empty"),
        required("verdict", pa.string(), "kept, rejected, chosen, not_chosen, labelled, waiting, released, ..."),
        required("reason", pa.string(), "why"),
        optional("score", pa.float64(), "what was measured"),
        optional("threshold", pa.float64(), "what it was held against"),
        optional("model_version", pa.string(), "classifier, encoder or tree version that took part"),
        required("table_version", pa.int64(), "version of the step's table that holds the result"),
        required("run_id", pa.string(), "the run that decided"),
        required("decided_at", TIME, "when"),
    ]
)

MODEL_PROMOTIONS = pa.schema(
    [
        required("number", pa.int32(), "1 for the first decision of a person, and so on"),
        required(
            "action", pa.string(), "promote or rollback; `promote network`, `rollback network` of those for masks"
        ),
        optional(
            "classifier_version",
            pa.string(),
            "in service by hand since then; null: the test on the hold-out decides",
        ),
        optional("replaced", pa.string(), "the version that was in service until then"),
        required("decided_by", pa.string(), "who decided"),
        required("decided_at", TIME, "when"),
        required("reason", pa.string(), "why, in their words"),
    ]
)

MASK_NETWORKS = pa.schema(
    [
        required("number", pa.int32(), "1 for the first version that was trained, and so on"),
        required("network_version", pa.string(), "fingerprint of the weights"),
        required("trained_at", TIME, "when"),
        required("n_training", pa.int64(), "objects of reviewed images that it learnt from"),
        required("n_held_out", pa.int64(), "objects of images of the hold-out, never trained on"),
        required("n_simulated", pa.int64(), "of both, those that simulated annotators answered"),
        required("iou", pa.float64(), "mean IoU on the hold-out from four simulated extreme points"),
        required("against", pa.string(), "version of the segmenter in service that it was held against"),
        required("iou_against", pa.float64(), "the mean IoU of that one"),
        required("low", pa.float64(), "lower end of the 90 % interval of the mean difference, by a paired bootstrap"),
        required("high", pa.float64(), "its upper end"),
        required("took_over", pa.bool_(), "whether low is above 0: then the review page predicts with it"),
        required("objects_version", pa.string(), "fingerprint of the objects of both"),
        required("artefact", pa.binary(), "NumPy archive of the weights"),
    ]
)

ALARMS = pa.schema(
    [
        required(
            "kind", pa.string(), "what is watched: drift, uncertainty, agreement, gate, class_stage, stage or route"
        ),
        required("subject", pa.string(), "what raised it: an ingestion batch, the corpus, a class, a step, a decider"),
        required("cause", pa.string(), "the subject and its content: the same cause raises an alarm once"),
        required(
            "value",
            pa.float64(),
            "what was measured: of drift the p-value, of a stage the parts held back, of a route its highest precision",
        ),
        required("threshold", pa.float64(), "the limit that it crossed"),
        required("raised_at", TIME, "when"),
        required("launched", pa.string(), "what was done about it: a review batch, retraining, or nothing"),
        optional("settled_at", TIME, "when it was settled; null while it is open"),
        optional("settled_by", pa.string(), "how it ended: what the answers or a newer value say"),
    ]
)

CHECK_RESULTS = pa.schema(
    [
        required("step", pa.string(), "the step that was checked"),
        required("batch", pa.string(), "its partition, or empty"),
        required("data_version", pa.string(), "the content that was checked, and after a colon the rules"),
        required("check", pa.string(), "one truth, as a name"),
        required("passed", pa.bool_(), "whether it holds"),
        required("is_blocking", pa.bool_(), "whether what follows must wait"),
        required("detail", pa.string(), "value, rule and remedy when it does not hold"),
        required("n_offending", pa.int64(), "rows that break it"),
        required("seconds", pa.float64(), "wall seconds of the step's whole suite, repeated on each row"),
        required("run_id", pa.string(), "the run that checked"),
        required("checked_at", TIME, "when"),
    ]
)

_VERSION = (
    required("step", pa.string(), "the step"),
    required("batch", pa.string(), "its partition, or empty"),
    required("data_version", pa.string(), "fingerprint of the rows written"),
    required("code_version", pa.string(), "fingerprint of the step's code and configuration"),
    required("input_version", pa.string(), "fingerprint of what the step read"),
    required("table_version", pa.int64(), "Delta version of the table after the write"),
    required("n_rows", pa.int64(), "rows written"),
    required("seconds", pa.float64(), "wall seconds of the step's own work"),
    required("run_id", pa.string(), "the run"),
    required("written_at", TIME, "when"),
    optional(
        "table_versions",
        pa.string(),
        "JSON: Delta versions of what it wrote besides and of what it read; null in rows of an earlier engine",
    ),
    optional(
        "made_with",
        pa.string(),
        "JSON: the settings that it used, without secrets, and the encoder of the vectors behind it; null in rows of "
        "an earlier engine",
    ),
    optional(
        "made_from",
        pa.string(),
        "JSON: fingerprints of its code alone and of each input by name; null in rows of an earlier engine",
    ),
)

STEP_VERSIONS = pa.schema(_VERSION)

ACCEPTED_VERSIONS = pa.schema(
    [
        *_VERSION,
        required("verdict_key", pa.string(), "content and rules that it was last judged by, as in check_results"),
        required("is_accepted", pa.bool_(), "whether every blocking check held"),
    ]
)
