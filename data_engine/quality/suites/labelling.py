"""Suites of what is labelled: classifier, proposals, reviewed_labels, labels."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.corpus import Corpus
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows
from data_engine.quality.profiles import membership, occurrences, one_row, vectors

PROVENANCES = ("human", "human_assisted", "model_accepted", "model_edited", "model_auto", "rule_auto", "simulated")
MAX_CALIBRATION_ERROR = 0.1
SUM_TOLERANCE = 1e-3
#: Probabilities are stored as float32, the threshold as float64.
THRESHOLD_TOLERANCE = 1e-6


def classifier(
    tables: Mapping[str, pa.Table],
    corpus: Corpus,
    min_hold_out: int | None = None,
    hold_out_ids: Sequence[str] = (),
    training_ids: Sequence[str] = (),
    previous_accuracy: float | None = None,
    previous_low: float | None = None,
) -> list[Truth]:
    """The truths about a classifier version.

    Args:
        tables: classifier; its last row is checked. It may be empty before the first round.
        corpus: gives the size of the hold-out.
        min_hold_out: least size of the hold-out; by default `labels.hold_out_size`, but at most a third of the subset.
        hold_out_ids: sample_ids of the hold-out.
        training_ids: sample_ids that the version was trained on.
        previous_accuracy: accuracy of the version before it; None when there is none.
        previous_low: lower end of the interval of that accuracy; the accuracy itself by default.
    """
    gx = load_expectations()
    rows = tables["classifier"].select(["n_hold_out", "accuracy", "calibration_error"]).to_pylist()
    newest = rows[-1] if rows else dict.fromkeys(["n_hold_out", "accuracy", "calibration_error"])
    found = {
        name: "none, no version has been trained yet" if value is None else f"{value:,.3g}"
        for name, value in newest.items()
    }
    figures = one_row(**newest)
    most = min(corpus.labels.hold_out_size, corpus.subset.target_size // 3)
    needed = most if min_hold_out is None else min_hold_out
    return [
        Truth(
            "hold_out_is_large_enough",
            figures,
            gx.ExpectColumnValuesToBeBetween(column="n_hold_out", min_value=needed),
            lambda _: f"hold-out samples: {found['n_hold_out']}",
            f"at least {needed:,} are needed",
            "answer the open hold-out tasks, or lower labels.hold_out_size",
        ),
        _hold_out_was_not_trained_on(hold_out_ids, training_ids),
        _not_worse(figures, found["accuracy"], previous_accuracy, previous_low),
        Truth(
            "calibration_error_is_small",
            figures,
            gx.ExpectColumnValuesToBeBetween(column="calibration_error", max_value=MAX_CALIBRATION_ERROR),
            lambda _: f"expected calibration error: {found['calibration_error']}",
            f"it should be at most {MAX_CALIBRATION_ERROR}",
            "label a larger hold-out; until then trust the gate and not single probabilities",
        ),
    ]


def _hold_out_was_not_trained_on(hold_out_ids: Sequence[str], training_ids: Sequence[str]) -> Truth:
    ids = pa.chunked_array([pa.array(sorted(set(hold_out_ids)), pa.string())])
    trained = pa.chunked_array([pa.array(list(training_ids), pa.string())])
    profile = Profile(pa.table({"sample_id": ids, "was_trained_on": membership(ids, trained)}), "sample_id")
    return of_rows(
        "hold_out_was_not_trained_on",
        profile,
        load_expectations().ExpectColumnValuesToBeInSet(column="was_trained_on", value_set=[False]),
        what="hold-out samples that were trained on",
        rule="figures from a sample that was trained on mean nothing",
        remedy="train again without them",
    )


def _not_worse(figures: Profile, found: str, previous: float | None, previous_low: float | None) -> Truth:
    floor = previous if previous_low is None else previous_low
    service = "there is no version before it" if floor is None else f"the version before it: at least {floor:.3g}"
    return Truth(
        "not_worse_than_the_one_in_service",
        figures,
        load_expectations().ExpectColumnValuesToBeBetween(column="accuracy", min_value=0.0 if floor is None else floor),
        lambda _: f"accuracy on the hold-out: {found} ({service})",
        "a new version may not fall below the interval of the one in service",
        "keep the version in service and review the newest labels",
    )


def proposals(
    tables: Mapping[str, pa.Table],
    corpus: Corpus,
    gate_threshold: float | None = None,
    audit_age_days: float | None = None,
    max_audit_age_days: float | None = None,
) -> list[Truth]:
    """The truths about proposals.

    Args:
        tables: proposals, balanced_subset.
        corpus: gives the classes and the greatest age of an audit.
        gate_threshold: probability at and above which the gate accepts; None when it accepts nothing.
        audit_age_days: age of the youngest hold-out or audit answer; None when there is none.
        max_audit_age_days: `labels.audit_max_age_days` by default.
    """
    gx = load_expectations()
    proposed, chosen = tables["proposals"], tables["balanced_subset"]
    n_classes = len(corpus.class_names)
    rows = _routes(proposed, corpus, gate_threshold)
    gate = "accepts nothing" if gate_threshold is None else f"accepts from {gate_threshold:.3f}"
    n_accepted = proposed.num_rows - proposed["route"].to_pylist().count("person")
    max_age = corpus.labels.audit_max_age_days if max_audit_age_days is None else max_audit_age_days
    return [
        _every_chosen_sample_has_a_proposal(chosen, proposed),
        of_rows(
            "probabilities_sum_to_one",
            rows,
            gx.ExpectColumnValuesToBeBetween(column="sum", min_value=1 - SUM_TOLERANCE, max_value=1 + SUM_TOLERANCE),
            what=f"proposals whose probabilities are not {n_classes} numbers that sum to 1",
            rule=f"every sum must be within {SUM_TOLERANCE} of 1",
            remedy="compute the proposals again with a classifier of the present classes",
        ),
        _gate_has_a_recent_audit(n_accepted, audit_age_days, max_age),
        of_rows(
            "routes_follow_the_gate",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="follows_the_gate", value_set=[True]),
            what=f"proposals whose route breaks the gate, which {gate}",
            rule="only proposals above its threshold are accepted, and all others go to a person",
            remedy="route the proposals again with the present gate",
        ),
    ]


def _every_chosen_sample_has_a_proposal(chosen: pa.Table, proposed: pa.Table) -> Truth:
    n_proposals = occurrences(chosen["sample_id"], proposed["sample_id"])
    return of_rows(
        "every_chosen_sample_has_a_proposal",
        Profile(pa.table({"sample_id": chosen["sample_id"], "n_proposals": n_proposals}), "sample_id"),
        load_expectations().ExpectColumnValuesToBeBetween(column="n_proposals", min_value=1, max_value=1),
        what="chosen samples with no proposal or with several",
        rule="every chosen sample needs exactly one",
        remedy="compute the proposals again for the present subset",
    )


def _routes(proposed: pa.Table, corpus: Corpus, gate_threshold: float | None) -> Profile:
    measured = vectors(proposed["probabilities"])
    n_classes = len(corpus.class_names)
    columns = {
        "sample_id": proposed["sample_id"],
        # Probabilities that are not one finite number per class have no sum that could pass.
        "sum": np.where(measured.is_finite & (measured.n_values == n_classes), measured.total, -1.0),
        "follows_the_gate": _follows_the_gate(proposed, corpus, gate_threshold),
    }
    return Profile(pa.table(columns), "sample_id")


def _follows_the_gate(proposed: pa.Table, corpus: Corpus, gate_threshold: float | None) -> NDArray[np.bool_]:
    """Per row: a person decides, or a decider of the corpus whose gate certifies what it must.

    The threshold is the classifier's; other deciders have only the lower bound of their gate.
    """
    routes = np.array(proposed["route"].to_pylist(), dtype=object)
    probability = proposed["probability"].to_numpy().astype(np.float64)
    bounds = pc.fill_null(proposed["gate_lower_bound"], 0.0).to_numpy()
    follows = routes == "person"
    for name in corpus.labels.decider_names:
        if name == "classifier":
            may = probability >= (np.inf if gate_threshold is None else gate_threshold - THRESHOLD_TOLERANCE)
        else:
            may = bounds >= corpus.labels.target_of(name)
        follows |= (routes == name) & may
    return np.asarray(follows)


def _gate_has_a_recent_audit(n_accepted: int, age_days: float | None, max_age_days: float) -> Truth:
    if not n_accepted:
        asked, found = None, "accepted without a person: 0, so no audit is needed"
    elif age_days is None:
        asked, found = float("inf"), f"accepted without a person: {n_accepted:,}, with no audit at all"
    else:
        asked, found = age_days, f"accepted without a person: {n_accepted:,}, newest audit {age_days:.1f} days old"
    return Truth(
        "gate_has_a_recent_audit",
        one_row(audit_age_days=asked),
        load_expectations().ExpectColumnValuesToBeBetween(column="audit_age_days", max_value=max_age_days),
        lambda _: found,
        f"the gate is open only while an audit is at most {max_age_days:g} days old",
        "answer the audit tasks, or send all proposals to people",
    )


def reviewed_labels(
    tables: Mapping[str, pa.Table],
    corpus: Corpus,
    n_undecided: int = 0,
    trap_catch_rate: float | None = None,
) -> list[Truth]:
    """The truths about answers.

    Args:
        tables: reviewed_labels, of one review batch.
        corpus: gives the classes and the least catch rate.
        n_undecided: tasks of the batch that wait for an answer.
        trap_catch_rate: share of the answered traps whose wrong proposal was not accepted; counted in the table by
            default.
    """
    gx = load_expectations()
    answers = tables["reviewed_labels"]
    is_simulated = answers["is_simulated"]
    says_simulated = pc.equal(answers["provenance"], "simulated")
    is_named = pc.starts_with(answers["annotator"], "simulated:")
    all_or_none = pc.and_(pc.equal(is_simulated, says_simulated), pc.equal(is_simulated, is_named))
    is_marked = pc.and_(all_or_none, pc.or_(pc.invert(is_simulated), pc.is_null(answers["active_s"])))
    columns = {"annotation_id": answers["annotation_id"], "label": _class_or_empty(answers), "is_marked": is_marked}
    rows = Profile(pa.table(columns), "annotation_id")
    return [
        Truth(
            "every_task_is_decided",
            one_row(n_undecided=float(n_undecided)),
            gx.ExpectColumnValuesToBeBetween(column="n_undecided", min_value=0, max_value=0),
            lambda _: f"tasks without a decision: {n_undecided:,}",
            "every task of a closed review batch needs one",
            "answer them with data-engine review",
            n_culprits=n_undecided,
        ),
        _traps_are_caught(answers, corpus.review.min_trap_catch_rate, trap_catch_rate),
        _every_label_is_a_class(rows, corpus),
        of_rows(
            "simulated_answers_are_marked",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="is_marked", value_set=[True]),
            what="answers whose marks of simulation contradict each other",
            rule="is_simulated, provenance `simulated` and annotator `simulated:...` go together, "
            "and simulated answers have no active_s",
            remedy="correct the rows in the queue; the server computes these marks",
        ),
    ]


def _traps_are_caught(answers: pa.Table, least: float, known_rate: float | None) -> Truth:
    is_trap = pc.or_(pc.equal(answers["purpose"], "trap"), pc.equal(answers["arm"], "trap"))
    traps = answers.filter(is_trap)
    is_missed = pa.array([_says_what_was_proposed(row) for row in traps.to_pylist()], pa.bool_())
    missed = tuple(traps.filter(is_missed)["annotation_id"].to_pylist())
    counted = 1 - len(missed) / traps.num_rows if traps.num_rows else None
    rate = counted if known_rate is None else known_rate
    return Truth(
        "trap_catch_rate_is_high_enough",
        one_row(rate=rate),
        load_expectations().ExpectColumnValuesToBeBetween(column="rate", min_value=least),
        lambda _: (
            "no trap was answered, so nothing can be said"
            if rate is None
            else f"share of traps caught: {rate:.1%} (traps missed: {len(missed):,} of {traps.num_rows:,})"
        ),
        f"at least {least:.1%} must be caught",
        "look at the answers named and ask their annotators again",
        culprits=missed,
    )


def _says_what_was_proposed(row: Mapping[str, str | None]) -> bool:
    from data_engine.labeling.answers.registry import answer_kind

    proposed = row["proposed_answer"]
    return proposed is not None and answer_kind(str(row["kind"])).is_same(str(row["answer"]), proposed)


def _class_or_empty(rows: pa.Table) -> pa.ChunkedArray:
    """The labels, with the empty text where an answer should be a class and is none."""
    return pc.if_else(pc.equal(rows["kind"], "class"), pc.fill_null(rows["label"], ""), rows["label"])


def _every_label_is_a_class(rows: Profile, corpus: Corpus) -> Truth:
    extra = [name for name in (corpus.labels.out_of_scope, corpus.labels.other) if name]
    allowed = list(dict.fromkeys([*corpus.class_names, *extra]))
    return of_rows(
        "every_label_is_a_class",
        rows,
        load_expectations().ExpectColumnValuesToBeInSet(column="label", value_set=allowed),
        what="labels outside the classes",
        rule=f"each must be one of the corpus' {len(allowed)} classes",
        remedy="add the class to labels.classes, or correct the answers named",
    )


def labels(
    tables: Mapping[str, pa.Table],
    corpus: Corpus,
    audited: Mapping[str, tuple[int, int]] | None = None,
    target_precision: float | None = None,
) -> list[Truth]:
    """The truths about labels.

    Args:
        tables: labels, balanced_subset.
        corpus: gives the classes and the promised precision.
        audited: per class, how many of its automatic labels were audited and how many of those were correct.
        target_precision: the promise; `labels.target_precision` by default.
    """
    gx = load_expectations()
    labelled, chosen = tables["labels"], tables["balanced_subset"]
    columns = {
        "sample_id": labelled["sample_id"],
        "label": _class_or_empty(labelled),
        "provenance": labelled["provenance"],
        "is_chosen": membership(labelled["sample_id"], chosen["sample_id"]),
    }
    rows = Profile(pa.table(columns), "sample_id")
    return [
        of_rows(
            "one_label_per_sample",
            rows,
            gx.ExpectColumnValuesToBeUnique(column="sample_id"),
            what="labels of samples that have more than one",
            rule="each sample has one label",
            remedy="pool the answers of each sample into one label again",
        ),
        _every_label_is_a_class(rows, corpus),
        _no_class_is_shown_to_miss(
            audited or {}, corpus.labels.target_precision if target_precision is None else target_precision
        ),
        provenance_is_known(rows),
        of_rows(
            "only_the_subset_is_labelled",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="is_chosen", value_set=[True]),
            what="labelled samples outside the balanced subset",
            rule="only the subset is labelled",
            remedy="compute the labels again for the present subset",
        ),
    ]


def provenance_is_known(rows: Profile) -> Truth:
    """The truth that every label says who made it; the profile has a column `provenance`."""
    return of_rows(
        "provenance_is_known",
        rows,
        load_expectations().ExpectColumnValuesToBeInSet(column="provenance", value_set=list(PROVENANCES)),
        what="labels of unknown provenance",
        rule=f"it must be one of {', '.join(PROVENANCES)}",
        remedy="compute the labels again from the answers and the proposals",
    )


def _no_class_is_shown_to_miss(audited: Mapping[str, tuple[int, int]], target: float) -> Truth:
    names = sorted(audited)
    bounds = [precision_upper_bound(audited[name][1], audited[name][0], n_classes=len(names)) for name in names]
    described = [f"{name} ({audited[name][1]} of {audited[name][0]} correct)" for name in names]
    profile = Profile(
        pa.table({"class": pa.array(described, pa.string()), "upper_bound": pa.array(bounds, pa.float64())}), "class"
    )
    return of_rows(
        "no_class_is_shown_below_its_certified_precision",
        profile,
        load_expectations().ExpectColumnValuesToBeBetween(column="upper_bound", min_value=target),
        what="audited classes of automatic labels that miss the promised precision",
        rule=f"the upper bound of each must reach {target:.1%}",
        remedy="send the proposals of the classes named to people, and relabel what was accepted",
    )


def precision_upper_bound(n_correct: int, n: int, *, n_classes: int = 1) -> float:
    """Upper end of the Clopper-Pearson interval of a precision; 1.0 where nothing was audited.

    The intervals of all `n_classes` hold together with 90 % confidence (Bonferroni): of ten classes that keep the
    promise, one with bad luck in its few audits would otherwise stop many a run.
    """
    from data_engine.labeling import binomial_interval

    return float(binomial_interval(n_correct, n, confidence=1 - 0.1 / n_classes)[1]) if n else 1.0
