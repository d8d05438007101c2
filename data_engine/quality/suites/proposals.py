"""Checks of proposals: the proposals and their routes.

The classifier that made them is checked in `classifier.py`.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.corpus import Corpus
from data_engine.quality.checks import blocking, warning
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows
from data_engine.quality.profiles import occurrences, one_row, vectors

TABLES = ("proposals", "balanced_subset")

CHECKS = (
    blocking("every_chosen_sample_has_a_proposal", "Every sample of the balanced subset has exactly one proposal."),
    blocking("probabilities_sum_to_one", "The probabilities of every proposal sum to 1, one per class."),
    blocking(
        "gate_has_a_recent_audit", "Nothing is accepted without a person but by a gate audited within the set days."
    ),
    blocking("routes_follow_the_gate", "Only proposals above the threshold of the gate are accepted."),
    warning("no_route_is_shut_by_its_audits", "No decider was found by blind audits to miss what its gate promises."),
)

SUM_TOLERANCE = 1e-3
#: Probabilities are stored as float32, the threshold as float64.
THRESHOLD_TOLERANCE = 1e-6


def suite(
    tables: Mapping[str, pa.Table],
    corpus: Corpus,
    gate_threshold: float | None = None,
    class_thresholds: Mapping[str, float | None] = MappingProxyType({}),
    audit_age_days: float | None = None,
    max_audit_age_days: float | None = None,
) -> list[Truth]:
    """The truths about proposals.

    Args:
        tables: proposals, balanced_subset.
        corpus: gives the classes and the greatest age of an audit.
        gate_threshold: probability at and above which the gate accepts; None when it accepts nothing.
        class_thresholds: the same of classes that have a gate of their own.
        audit_age_days: age of the youngest hold-out or audit answer; None when there is none.
        max_audit_age_days: `labels.audit_max_age_days` by default.
    """
    gx = load_expectations()
    proposed, chosen = tables["proposals"], tables["balanced_subset"]
    n_classes = _n_classes(corpus)
    limits = _limits(proposed["label"].to_pylist(), gate_threshold, class_thresholds)
    rows = _routes(proposed, corpus, limits)
    gate = "accepts nothing" if gate_threshold is None else f"accepts from {gate_threshold:.3f}"
    gate += f" but for {len(class_thresholds)} classes with gates of their own" if class_thresholds else ""
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
        _no_route_is_shut(proposed),
    ]


def _n_classes(corpus: Corpus) -> int:
    """What the probabilities are of: the classes; of objects, that people would leave an image as it is, and not."""
    return 2 if corpus.asks_for_objects else len(corpus.class_names)


def _no_route_is_shut(proposed: pa.Table) -> Truth:
    is_shut = pc.match_substring(proposed["reason"], "shut by its audits")
    return of_rows(
        "no_route_is_shut_by_its_audits",
        Profile(pa.table({"sample_id": proposed["sample_id"], "is_shut": is_shut}), "sample_id"),
        load_expectations().ExpectColumnValuesToBeInSet(column="is_shut", value_set=[False]),
        what="proposals that a decider would take and may not, because its audits contradict its gate",
        rule="what a decider takes must be as often right as its gate promises",
        remedy="mend the rules or the prompt and materialize proposals; until then people are asked",
    )


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


def _limits(
    labels: Sequence[str | None], threshold: float | None, of_class: Mapping[str, float | None]
) -> NDArray[np.float64]:
    """The threshold of each label's class, infinite where nothing of it is accepted."""
    found = (of_class.get(label, threshold) if label is not None else threshold for label in labels)
    return np.array([np.inf if limit is None else limit for limit in found], dtype=np.float64)


def _routes(proposed: pa.Table, corpus: Corpus, limits: NDArray[np.float64]) -> Profile:
    measured = vectors(proposed["probabilities"])
    n_classes = _n_classes(corpus)
    columns = {
        "sample_id": proposed["sample_id"],
        # Probabilities that are not one finite number per class have no sum that could pass.
        "sum": np.where(measured.is_finite & (measured.n_values == n_classes), measured.total, -1.0),
        "follows_the_gate": _follows_the_gate(proposed, corpus, limits),
    }
    return Profile(pa.table(columns), "sample_id")


def _follows_the_gate(proposed: pa.Table, corpus: Corpus, limits: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Per row: a person decides, or a decider of the corpus whose gate certifies what it must.

    The limits are the classifier's; other deciders have only the lower bound of their gate.
    """
    routes = np.array(proposed["route"].to_pylist(), dtype=object)
    probability = proposed["probability"].to_numpy().astype(np.float64)
    bounds = pc.fill_null(proposed["gate_lower_bound"], 0.0).to_numpy()
    follows = routes == "person"
    for name in corpus.labels.decider_names:
        if name == "classifier":
            may = probability >= limits - THRESHOLD_TOLERANCE
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
