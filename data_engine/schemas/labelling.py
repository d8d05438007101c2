"""Schemas of classifier, proposals, answers and labels.

All tables by name are in the package itself.
"""

import pyarrow as pa

from data_engine.schemas.fields import KIND, SAMPLE, TIME, filled, optional, required

CLASSIFIER = pa.schema(
    [
        required("classifier_version", pa.string(), "fingerprint of the parameters"),
        required("n_rounds", pa.int32(), "review batches it has learnt from"),
        required("n_training", pa.int64(), "labelled samples it was trained on"),
        required("n_hold_out", pa.int64(), "random, labelled, never trained on"),
        required("accuracy", pa.float64(), "share of the hold-out it gets right"),
        required("accuracy_low", pa.float64(), "lower end of the 90 % interval of the accuracy"),
        required("accuracy_high", pa.float64(), "upper end of the 90 % interval of the accuracy"),
        required("calibration_error", pa.float64(), "expected calibration error on the hold-out, 10 bins"),
        required("temperature", pa.float64(), "softmax temperature fitted on the hold-out"),
        optional("query_accuracy", pa.float64(), "hold-out accuracy when trained on query batches alone"),
        optional("control_accuracy", pa.float64(), "hold-out accuracy when trained on control batches alone"),
        optional("gate_threshold", pa.float64(), "confidence above which a proposal is accepted; null: none"),
        optional("gate_lower_bound", pa.float64(), "Clopper-Pearson lower bound of the accepted precision"),
        required("gate_target", pa.float64(), "precision promised"),
        required("gate_n_checked", pa.int64(), "hold-out samples above the threshold"),
        required("is_in_service", pa.bool_(), "the version that proposals come from"),
        optional(
            "gate_by_class",
            pa.string(),
            "JSON, {class: [threshold, lower bound, samples]}, of classes with a gate of their own; the other columns "
            "of the gate are then of all other classes; null: one gate for all",
        ),
        optional(
            "encoder_version",
            pa.string(),
            "encoder of the vectors it learnt from; null in rows of an earlier engine",
        ),
        optional("given_labels", pa.string(), "labels.given as JSON where it learnt from such labels too, else null"),
        optional("took_over", pa.bool_(), "whether it went into service when it was trained"),
        optional("comparison", pa.string(), "how it was compared with the one in service before, or why it was not"),
        optional("n_query", pa.int64(), "training samples that query batches chose"),
        optional("n_control", pa.int64(), "training samples of random control batches"),
        optional("boost", pa.float64(), "labels that control batches need / query batches need for one accuracy"),
        optional("boost_low", pa.float64(), "lower end of its 90 % interval, by a paired bootstrap"),
        optional("boost_high", pa.float64(), "upper end of its 90 % interval, by a paired bootstrap"),
        optional("model", pa.string(), "kind of micro-model; null in rows of an earlier engine: softmax"),
        optional("with_class_names", pa.bool_(), "whether names of classes were examples; null: not kept, so false"),
        optional(
            "n_distilled",
            pa.int64(),
            "training samples that a foundation model answered; null: none may be learnt from",
        ),
        optional("training_version", pa.string(), "fingerprint of the training samples and their classes"),
        optional("hold_out_version", pa.string(), "fingerprint of the hold-out and its classes"),
        optional("borrowed_from", pa.string(), "corpus/version where it learnt; null where it learnt in this corpus"),
        required("artefact", pa.binary(), "NumPy archive of the model: arrays, temperature and class names"),
    ]
)

CLASSIFIER_FIGURES = pa.schema(
    [
        required("classifier_version", pa.string(), "the version in whose round this was measured"),
        required("trained_on", pa.string(), "all answers, those of query batches alone, or of control batches alone"),
        required("slice", pa.string(), "column that samples are told apart by, class among them; all: the hold-out"),
        required("value", pa.string(), "what that column holds"),
        required("metric", pa.string(), "accuracy; of classes precision and recall"),
        required("share", pa.float64(), "the share of the n samples"),
        required("low", pa.float64(), "lower end of its 90 % interval"),
        required("high", pa.float64(), "upper end of its 90 % interval"),
        required("n", pa.int64(), "hold-out samples counted: of a recall those of the class, of a precision predicted"),
    ]
)

PROPOSALS = pa.schema(
    [
        SAMPLE,
        required("classifier_version", pa.string(), "who proposes"),
        KIND,
        filled("answer", pa.string(), "what is proposed, as canonical JSON by the schema of its kind"),
        optional("label", pa.string(), "the proposed class; null for kinds of answers that are no class"),
        required("probability", pa.float32(), "its calibrated probability; of rules what their gate certifies"),
        required("probabilities", pa.binary(), "float32 bytes, one per class, in the order of the corpus"),
        required("uncertainty", pa.float32(), "1 - probability; higher is less certain"),
        required("utility", pa.float32(), "what the query strategy ranks by; higher is asked first"),
        required("difficulty", pa.string(), "easy, medium or hard"),
        required("route", pa.string(), "name of the decider that takes it; see labeling/deciders/registry.py"),
        optional("gate_lower_bound", pa.float64(), "precision that its gate certifies; null where a person decides"),
        required("reason", pa.string(), "which decider takes it and by which gate, as a sentence"),
    ]
)

FOUNDATION_ANSWERS = pa.schema(
    [
        SAMPLE,
        required("purpose", pa.string(), "hold_out, pool, or injection: the sample with an order in it"),
        required("model", pa.string(), "name of the foundation model, and what its server calls it"),
        optional("label", pa.string(), "the class answered; null where there is no answer"),
        optional("confidence", pa.float64(), "in [0, 1]; higher is surer"),
        optional("failure", pa.string(), "why there is no answer, by name"),
        optional("expected", pa.string(), "what people say of the hold-out; the class that an injection asks for"),
        required("n_calls", pa.int32(), "calls that were paid"),
        required("tokens_in", pa.int64(), "tokens that it read; 0 where the server does not count"),
        required("tokens_out", pa.int64(), "tokens that it wrote; 0 where the server does not count"),
        required("cost", pa.float64(), "by the prices of foundation_model"),
        required("seconds", pa.float64(), "until the answers came; 0 of batch files"),
    ]
)

FOUNDATION_ROUNDS = pa.schema(
    [
        required("classifier_version", pa.string(), "the classifier in service when the model was asked"),
        required("n_samples", pa.int64(), "samples of the subset"),
        required("n_needing", pa.int64(), "of these no decider before the foundation model is sure"),
        required("n_hold_out", pa.int64(), "samples of the hold-out"),
        required("n_hold_out_needing", pa.int64(), "of these no decider before the foundation model is sure"),
        required("n_accepted", pa.int64(), "answers that are kept to learn from, after this round"),
        required("n_asked", pa.int64(), "different requests until then, in all runs"),
        required("n_calls", pa.int64(), "calls that were paid until then, in all runs"),
        required("tokens_in", pa.int64(), "tokens read until then"),
        required("tokens_out", pa.int64(), "tokens written until then"),
        required("seconds", pa.float64(), "until the answers came, in all"),
        required("cost", pa.float64(), "money spent until then, by the prices of foundation_model"),
    ]
)

DISTILLED_ANSWERS = pa.schema(
    [
        SAMPLE,
        required("model", pa.string(), "name of the foundation model, and what its server calls it"),
        required("label", pa.string(), "the class answered"),
        required("confidence", pa.float64(), "in [0, 1]; higher is surer"),
        required("gate_lower_bound", pa.float64(), "precision that its gate certified when it was accepted"),
        required("is_simulated", pa.bool_(), "whether a simulated foundation model gave it"),
        optional("withdrawn", pa.string(), "why nothing is learnt from it any more; null where it teaches"),
    ]
)

REVIEWED_LABELS = pa.schema(
    [
        required("annotation_id", pa.string(), "one answer"),
        SAMPLE,
        required("review_batch", pa.string(), "review batch, the partition key"),
        required("task_id", pa.string(), "the question answered"),
        required(
            "purpose",
            pa.string(),
            "hold_out, query, control, audit, leaf, doubtful, arriving, drifted, repeated, synthesised, withdrawn, "
            "trap, given or correction",
        ),
        required("arm", pa.string(), "manual, assisted, proposed, blind or trap"),
        required("annotator", pa.string(), "who answered"),
        KIND,
        filled("answer", pa.string(), "the answer, as canonical JSON by the schema of its kind"),
        optional("label", pa.string(), "the class answered; null for kinds of answers that are no class"),
        optional("proposed_answer", pa.string(), "what the annotator saw proposed, in the form of `answer`"),
        optional("proposed_label", pa.string(), "the class that the annotator saw proposed"),
        required("provenance", pa.string(), "who made the label; see labels.provenance"),
        required("is_simulated", pa.bool_(), "true when no person answered"),
        optional("active_s", pa.float64(), "active seconds of a person; null for simulated answers"),
        required("revision", pa.int32(), "1 for the first answer, higher after corrections"),
        optional(
            "decided_at",
            TIME,
            "when a reviewer decided or a correction was made, the newest of which counts; null of other answers",
        ),
    ]
)

LABELS = pa.schema(
    [
        SAMPLE,
        KIND,
        filled("answer", pa.string(), "the one agreed answer, as canonical JSON by the schema of its kind"),
        optional("label", pa.string(), "the class of the sample; null for kinds of answers that are no class"),
        required(
            "provenance",
            pa.string(),
            "human, adjudicated, human_assisted, model_accepted, model_edited, imported, rule_auto, model_auto, "
            "foundation_auto or simulated",
        ),
        required("posterior", pa.float32(), "probability of the label after pooling answers and classifier"),
        required("quality", pa.float32(), "in [0, 1]; lower is worse"),
        required("n_annotations", pa.int32(), "answers behind it; 0 where no annotator was asked"),
        optional("review_batch", pa.string(), "where it was answered; null where no person was asked"),
        optional("classifier_version", pa.string(), "who proposed it; null when no proposal was used"),
        optional(
            "in_subset",
            pa.bool_(),
            "false where the subset of now lacks the sample and people labelled it; null in rows of an earlier engine",
        ),
    ]
)
