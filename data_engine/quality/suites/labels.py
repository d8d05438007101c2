"""Checks of labels: the labels of the balanced subset.

The answers that they follow from are checked in `reviewed_labels.py`.
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.quality.checks import blocking
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows
from data_engine.quality.label_truths import (
    LABEL_IS_A_CLASS,
    PROVENANCE_IS_KNOWN,
    class_or_empty,
    every_label_is_a_class,
    provenance_is_known,
)
from data_engine.quality.profiles import membership

TABLES = ("labels", "balanced_subset")

CHECKS = (
    blocking("one_label_per_sample", "No sample has two labels."),
    LABEL_IS_A_CLASS,
    blocking(
        "no_class_is_shown_below_its_certified_precision",
        "No class of automatic labels is shown by its audit to miss the promised precision.",
    ),
    PROVENANCE_IS_KNOWN,
    blocking(
        "labels_are_of_the_subset_or_from_people",
        "Every labelled sample is in the balanced subset, or says that it is not and was labelled by people.",
    ),
)


def suite(
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
        "label": class_or_empty(labelled),
        "provenance": labelled["provenance"],
        "says_its_place": _says_its_place(labelled, membership(labelled["sample_id"], chosen["sample_id"])),
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
        every_label_is_a_class(rows, corpus),
        _no_class_is_shown_to_miss(
            audited or {}, corpus.labels.target_precision if target_precision is None else target_precision
        ),
        provenance_is_known(rows),
        of_rows(
            "labels_are_of_the_subset_or_from_people",
            rows,
            gx.ExpectColumnValuesToBeInSet(column="says_its_place", value_set=[True]),
            what="labelled samples outside the balanced subset that nobody answered, or whose in_subset is untrue",
            rule="outside the subset only what people labelled has a label, with in_subset false",
            remedy="compute the labels again for the present subset",
        ),
    ]


def _says_its_place(labelled: pa.Table, is_chosen: pa.ChunkedArray) -> pa.ChunkedArray:
    """Per label: `in_subset` says what is so, and somebody answered where the sample is outside."""
    says_so = pc.equal(pc.fill_null(labelled["in_subset"], True), is_chosen)
    return pc.and_(says_so, pc.or_(is_chosen, pc.greater(labelled["n_annotations"], 0)))


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
