"""Truths about labels that the suites of several steps hold: who made a label, and which labels there are.

Truths of one step are in its file in `suites/`.
"""

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus import Corpus
from data_engine.quality.checks import blocking
from data_engine.quality.expectations import Profile, Truth, load_expectations, of_rows

PROVENANCES = (
    "human", "adjudicated", "human_assisted", "model_accepted", "model_edited", "imported", "model_auto", "rule_auto",
    "foundation_auto", "simulated",
)  # fmt: skip

PROVENANCE_IS_KNOWN = blocking(
    "provenance_is_known", "Every label says who made it, in the words of the schema.", is_about_labels=True
)
LABEL_IS_A_CLASS = blocking("every_label_is_a_class", "Every label is one of the classes of the corpus.")


def class_or_empty(rows: pa.Table) -> pa.ChunkedArray:
    """The labels, with the empty text where an answer should be a class and is none."""
    return pc.if_else(pc.equal(rows["kind"], "class"), pc.fill_null(rows["label"], ""), rows["label"])


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


def every_label_is_a_class(rows: Profile, corpus: Corpus) -> Truth:
    """The truth that every label is a class of the corpus; the profile has a column `label`."""
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
