"""What is checked after every step: one truth per check, in its name, cheap to import."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One truth about the tables of a step."""

    name: str
    """The truth, as an identifier."""
    sentence: str
    """The truth, as a person reads it."""
    is_blocking: bool
    """Whether what follows must wait while it does not hold."""


@dataclass(frozen=True)
class CheckResult:
    """How one check turned out."""

    name: str
    passed: bool
    is_blocking: bool
    detail: str
    """What was found; when the check failed also the rule and the remedy."""
    n_offending: int
    """Rows that break the truth; 0 when it holds."""
    offending: tuple[str, ...]
    """Up to ten of them."""


def _stop(name: str, sentence: str) -> Check:
    return Check(name, sentence, is_blocking=True)


def _warn(name: str, sentence: str) -> Check:
    return Check(name, sentence, is_blocking=False)


_PROVENANCE_IS_KNOWN = _stop("provenance_is_known", "Every label says who made it, in the words of the schema.")
_LABEL_IS_A_CLASS = _stop("every_label_is_a_class", "Every label is one of the classes of the corpus.")

#: The checks of every step, in the order in which `evaluate` answers them.
CHECKS: dict[str, tuple[Check, ...]] = {
    "raw_index": (
        _stop("has_samples", "The batch holds at least one raw sample."),
        _stop("unreadable_share_within_limit", "The share of unreadable samples is at most max_unreadable_share."),
        _stop("no_file_breaks_off", "At most max_broken_files files end before all of their samples were read."),
        _stop("every_source_id_is_unique", "No two raw samples carry the same id of the source."),
        _stop("every_uri_is_unique", "No two raw samples were read from the same place."),
        _warn("every_metadata_is_an_object", "The metadata of every raw sample is a JSON object."),
    ),
    "first_pass": (
        _stop("every_raw_sample_has_a_verdict", "Every raw sample is kept or rejected."),
        _stop("every_rejection_has_a_reason", "Every rejected sample names the rule that rejected it."),
        _stop("kept_ids_are_unique", "No content is kept twice in the batch."),
        _stop("kept_share_within_band", "The share of kept samples lies between min_kept_share and max_kept_share."),
        _stop("every_duplicate_names_its_twin", "Every rejected duplicate names the sample that it repeats."),
    ),
    "embeddings": (
        _stop("every_kept_sample_is_embedded", "Every kept sample has an embedding, or a reason why it has none."),
        _stop("failed_share_within_limit", "The encoder failed on at most max_failed_share of the kept samples."),
        _stop("one_dimension", "All embeddings have the same number of values, and as many as they say."),
        _stop("all_values_are_finite", "No embedding holds a value that is NaN or infinite."),
        _stop("every_norm_is_one", "Every embedding has the L2 norm 1, within 0.001."),
    ),
    "cluster_tree": (
        _stop("every_sample_has_one_leaf", "Every embedded sample is assigned to exactly one leaf."),
        _stop("no_cluster_is_empty", "Every cluster of a tree that was just built holds a sample."),
        _stop("every_leaf_exists", "Every leaf that a sample is assigned to is a cluster of level 1."),
        _stop("every_level_is_coarser", "Every level has fewer clusters than the level below it."),
    ),
    "balanced_subset": (
        _stop("size_is_the_target", "The subset has as many samples as were asked for."),
        _stop("no_sample_is_chosen_twice", "No sample is in the subset twice."),
        _stop("every_chosen_sample_is_in_the_tree", "Every chosen sample is assigned to a leaf of the tree."),
        _stop("no_semantic_duplicate_is_chosen", "No chosen sample is a semantic duplicate of one that stays."),
        _stop("every_semantic_duplicate_names_its_twin", "Every semantic duplicate names a sample that stays."),
        _stop(
            "balance_is_not_worse_than_raw",
            "The subset lies at least as evenly over the top clusters as all samples do.",
        ),
    ),
    "classifier": (
        _stop("hold_out_is_large_enough", "The hold-out has 50 samples or more, or a third of a smaller subset."),
        _stop("hold_out_was_not_trained_on", "No sample of the hold-out was trained on."),
        _stop(
            "not_worse_than_the_one_in_service", "Its accuracy is not below the 90 % interval of the one in service."
        ),
        _warn("calibration_error_is_small", "The expected calibration error on the hold-out is at most 0.1."),
    ),
    "proposals": (
        _stop("every_chosen_sample_has_a_proposal", "Every sample of the balanced subset has exactly one proposal."),
        _stop("probabilities_sum_to_one", "The probabilities of every proposal sum to 1, one per class."),
        _stop(
            "gate_has_a_recent_audit", "Nothing is accepted without a person but by a gate audited within the set days."
        ),
        _stop("routes_follow_the_gate", "Only proposals above the threshold of the gate are accepted."),
    ),
    "reviewed_labels": (
        _stop("every_task_is_decided", "No task of the review batch waits for an answer."),
        _stop(
            "trap_catch_rate_is_high_enough", "At least min_trap_catch_rate of the known-wrong proposals were caught."
        ),
        _LABEL_IS_A_CLASS,
        _stop("simulated_answers_are_marked", "Every simulated answer says so, and claims no seconds of a person."),
    ),
    "labels": (
        _stop("one_label_per_sample", "No sample has two labels."),
        _LABEL_IS_A_CLASS,
        _stop(
            "no_class_is_shown_below_its_certified_precision",
            "No class of automatic labels is shown by its audit to miss the promised precision.",
        ),
        _PROVENANCE_IS_KNOWN,
        _stop("only_the_subset_is_labelled", "Every labelled sample is in the balanced subset."),
    ),
    "quality_report": (
        _warn("has_the_core_metrics", "The report holds the funnel, the balance, the labels and the classifier."),
        _warn("no_metric_is_missing_its_note", "Every metric says how it was computed."),
        _warn("balance_beats_random", "The balanced subset is nearer to uniform than random subsets of its size."),
    ),
    "drift_report": (
        _warn("p_value_is_a_probability", "Every p-value is between 0 and 1."),
        _warn("shares_sum_to_one", "The shares of the clusters sum to 1, for the reference and for the batch."),
    ),
    "release": (
        _stop("every_released_sample_has_a_label", "Every released label is the sample's label."),
        _stop("no_out_of_scope_sample_is_released", "No sample that is out of scope is released."),
        _stop("release_is_not_empty", "The release holds at least one sample."),
        _PROVENANCE_IS_KNOWN,
    ),
}

#: The tables that the checks of a step read. `embedded` is any table whose `sample_id` lists the embedded samples.
TABLES: dict[str, tuple[str, ...]] = {
    "raw_index": ("raw_index",),
    "first_pass": ("first_pass", "raw_index"),
    "embeddings": ("embeddings", "first_pass"),
    "cluster_tree": ("cluster_tree", "tree_assignments", "embedded"),
    "balanced_subset": ("balanced_subset", "semantic_duplicates", "tree_assignments", "cluster_tree"),
    "classifier": ("classifier",),
    "proposals": ("proposals", "balanced_subset"),
    "reviewed_labels": ("reviewed_labels",),
    "labels": ("labels", "balanced_subset"),
    "quality_report": ("quality_report",),
    "drift_report": ("drift_report",),
    "release": ("release", "labels"),
}
