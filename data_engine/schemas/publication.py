"""Schemas of the quality report and of releases.

All tables by name are in the package itself.
"""

import pyarrow as pa

from data_engine.schemas.fields import BATCH, SAMPLE, TIME, optional, required

QUALITY_REPORT = pa.schema(
    [
        required("metric", pa.string(), "name"),
        required("scope", pa.string(), "all, or the class, batch or level that it is about"),
        required("value", pa.float64(), "point estimate"),
        optional("low", pa.float64(), "lower end of the 90 % interval"),
        optional("high", pa.float64(), "upper end of the 90 % interval"),
        optional("n", pa.int64(), "observations behind it"),
        required("unit", pa.string(), "share, samples, nats, seconds, ..."),
        required("direction", pa.string(), "higher_is_better, lower_is_better or neutral"),
        required("note", pa.string(), "how it was computed, as a sentence"),
    ]
)

COSTS = pa.schema(
    [
        required("decider", pa.string(), "as labels.deciders names it"),
        required("batch", pa.string(), "of people the review batch, else empty"),
        required("n_asked", pa.int64(), "samples that it was asked about; of people, answers"),
        required("n_labels", pa.int64(), "labels that it made"),
        required("n_calls", pa.int64(), "paid calls of a foundation model"),
        required("tokens_in", pa.int64(), "tokens that it read"),
        required("tokens_out", pa.int64(), "tokens that it wrote"),
        required("seconds", pa.float64(), "seconds until the answers of a foundation model came"),
        required("active_s", pa.float64(), "active seconds of people; 0 for simulated answers"),
        required("money", pa.float64(), "in the unit of labels.deciders and foundation_model"),
        required("next_labels", pa.int64(), "labels without what is paid once, such as the hold-out of a model"),
        required("next_money", pa.float64(), "what these cost: the next unit buys next_labels / next_money"),
        optional("question", pa.string(), "of several questions, which; null where the corpus asks one"),
    ]
)

LABEL_TRENDS = pa.schema(
    [
        required("review_batch", pa.string(), "the review batch that the figure is of"),
        required("opened_at", TIME, "when it was opened"),
        required("figure", pa.string(), "alpha, kappa, agreement, verified or self_agreement"),
        required("subject", pa.string(), "all, one annotator, or a pair of them"),
        required("value", pa.float64(), "at most 1; higher is better"),
        required("n", pa.int64(), "samples behind it"),
        required("definitions", pa.string(), "fingerprint of the classes and what they mean; a change breaks a trend"),
        required("is_simulated", pa.bool_(), "whether any of the answers is of a simulated annotator"),
        optional("question", pa.string(), "of several questions, which; null where the corpus asks one"),
    ]
)

ANNOTATION_STAGES = pa.schema(
    [
        required("question", pa.string(), "of several questions its name; empty where there is one"),
        required("kind", pa.string(), "of the answers"),
        required("stage_number", pa.int32(), "1, 2 or 3"),
        required("stage", pa.string(), "assisted, semi-automatic or automatic; of classes manual, proposed or gated"),
        required("is_simulated", pa.bool_(), "whether simulated annotators answered, whose answers stand apart"),
        required("n_samples", pa.int64(), "samples with an annotation of this stage"),
        required("n_annotations", pa.int64(), "objects, or answers that are classes"),
        optional("seconds_per_annotation", pa.float64(), "active seconds of people; null where nobody was timed"),
        optional("edited_share", pa.float64(), "of what was predicted or proposed, the share that was changed"),
        optional("clicks_per_edited", pa.float64(), "clicks or edits of each changed object; null of classes"),
        optional("as_stage_one", pa.float64(), "share with IoU above .75, or of the same class, to stage one"),
        optional("low", pa.float64(), "lower end of its 90 % interval (Clopper-Pearson)"),
        optional("high", pa.float64(), "upper end of its 90 % interval"),
        required("n_compared", pa.int64(), "annotations of stage one that it was compared with"),
        optional("missed_per_sample", pa.float64(), "objects of stage one that it lacks, per sample; null of classes"),
        required("target", pa.float64(), "what low has to reach: labels.target_precision"),
        optional("guard_holds", pa.bool_(), "whether it does; null where nothing was compared"),
    ]
)

CARRIED_MASKS = pa.schema(
    [
        required("question", pa.string(), "of several questions its name; empty where there is one"),
        required("is_simulated", pa.bool_(), "whether simulated annotators answered, whose answers stand apart"),
        required("n_frames", pa.int64(), "indexed frames of the video that the masks were carried, either way"),
        required("n_images", pa.int64(), "answers to a task that showed such masks"),
        required("n_objects", pa.int64(), "carried masks in them"),
        required("mean_iou", pa.float64(), "mean IoU of the carried masks with what was answered; 0 where deleted"),
        required("low", pa.float64(), "lower end of its 90 % interval (bootstrap over answers)"),
        required("high", pa.float64(), "upper end of its 90 % interval"),
        required("left_share", pa.float64(), "share of the carried masks with an IoU above .75"),
        required("mean_consistency", pa.float64(), "mean of the consistency by which they were trusted"),
    ]
)

CLASS_STAGES = pa.schema(
    [
        required("question", pa.string(), "of several questions its name; empty where there is one"),
        required("class", pa.string(), "the class"),
        required("is_simulated", pa.bool_(), "whether simulated annotators answered, whose answers stand apart"),
        required("stage_number", pa.int32(), "the highest stage in force: 1, 2 or 3"),
        required("stage", pa.string(), "assisted, semi-automatic or automatic; of classes manual, proposed or gated"),
        required("target", pa.float64(), "what a lower end has to go above to enter: labels.target_precision"),
        optional("proposed_low", pa.float64(), "of stage two: lower end (90 %) of the share as in stage one"),
        required("proposed_n", pa.int64(), "annotations of stage one that it was compared with, the newest"),
        optional("proposed_changed_in", pa.string(), "review batch that stage two was entered or left by, the last"),
        optional("automatic_low", pa.float64(), "the same of what no person looks at"),
        required("automatic_n", pa.int64(), "annotations of the hold-out that it was compared with"),
        optional("automatic_changed_in", pa.string(), "review batch that stage three was entered or left by, the last"),
        optional("seconds_with_help", pa.float64(), "of people who saw a proposal, per annotation, the newest"),
        optional("seconds_without_help", pa.float64(), "of those who did not, by the draw of the same batches"),
        required("n_with_help", pa.int64(), "annotations behind the seconds with help"),
        required("n_without_help", pa.int64(), "annotations behind the seconds without"),
        optional("help_low", pa.float64(), "seconds with help over those without, lower end (90 %); below 1 is faster"),
        optional("help_high", pa.float64(), "its upper end"),
        required("is_helped", pa.bool_(), "false while proposals make people slower; then few tasks show one"),
    ]
)

RELEASE = pa.schema(
    [
        SAMPLE,
        required("release_id", pa.string(), "fingerprint of the released rows"),
        BATCH,
        required("uri", pa.string(), "where it was first read"),
        optional("text", pa.string(), "the text; null for images"),
        optional("label", pa.string(), "the label; null, as the next three, where the corpus asks no question"),
        optional("provenance", pa.string(), "who made the label"),
        optional("posterior", pa.float32(), "probability of the label"),
        optional("quality", pa.float32(), "label quality in [0, 1]; lower is worse"),
        required("leaf", pa.int32(), "cluster of level 1"),
        required("top_cluster", pa.int32(), "cluster of the coarsest level"),
        required("metadata", pa.string(), "the source's other columns as a JSON object"),
        optional(
            "in_subset",
            pa.bool_(),
            "false where the sample is outside the subset and people labelled it; null where the corpus has no labels",
        ),
        optional(
            "labels_by_question",
            pa.string(),
            "of a corpus with several questions, JSON: label, provenance, posterior and quality by question",
        ),
        optional("split", pa.string(), "train, validation or test; null where the corpus asks for no splits"),
        optional(
            "repeats_in_other_split",
            pa.string(),
            "a sample of another split that this one nearly repeats, which should not be; null where there is none",
        ),
        optional(
            "objects",
            pa.string(),
            "the objects of the image as JSON: size, and of each class, polygons and mask as run lengths; null where "
            "the corpus asks for classes",
        ),
    ]
)
