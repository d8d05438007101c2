"""Labels that the data give: which samples have one, which of them are held out, and what makes them other ones.

They become answers in `data_engine.labeling.answers.given_answers`; labels that nothing is learnt from are in
`known_labels.py`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from data_engine.reporting.metrics.known_labels import first_of_each, labels_in_column, said_of_strays
from data_engine.runtime.made_from.known_labels import raw_index_inputs
from data_engine.sampling import stable_priority

if TYPE_CHECKING:
    from collections.abc import Mapping

    from data_engine.corpus import Corpus
    from data_engine.runtime.accepted_tables import AcceptedTables, StepVerdicts


class Read(Protocol):
    """Reads a table at its accepted version, as `StepRun.look_up` and `AcceptedTables.read` do."""

    def __call__(
        self, table: str, *, columns: Sequence[str] | None = None, among: "Mapping[str, pa.Array] | None" = None
    ) -> pa.Table:
        """Some columns of a table, of rows among some values of columns."""


#: The steps whose results follow from given labels.
_READERS = ("classifier", "labels")


def reads_given_labels(step: str) -> bool:
    """Whether new given labels make a step stale; proposals follow from the classifier."""
    return step in _READERS


def given_label_inputs(corpus: "Corpus", gate: "StepVerdicts", tables: "AcceptedTables") -> dict[str, str]:
    """What given labels follow from: the raw index of every batch and, in the hold-out, the subset; nothing without.

    Args:
        corpus: Names the column.
        gate: Knows the versions that are open.
        tables: As the step reads them.
    """
    given = corpus.labels.given
    if given is None:
        return {}
    found = raw_index_inputs("given labels", gate, tables)
    if given.in_hold_out:
        subset = gate.latest("balanced_subset", "")
        found["given labels/hold-out"] = "missing" if subset is None else subset.data_version
    return found


def given_labels_text(corpus: "Corpus") -> str | None:
    """Where the given labels stand, as JSON; None where there are none."""
    return None if corpus.labels.given is None else corpus.labels.given.model_dump_json()


def given_classes(corpus: "Corpus", read: Read, *, among: pa.Array | None = None) -> dict[str, str]:
    """The class that the data give each sample; of equal contents the first label counts.

    Args:
        corpus: Names the column and the classes.
        read: Reads the raw index.
        among: The samples looked at; all without.
    """
    given = corpus.labels.given
    if given is None:
        return {}
    raw = read("raw_index", columns=["sample_id", "metadata"], among=None if among is None else {"sample_id": among})
    labels = first_of_each(raw["sample_id"].to_pylist(), labels_in_column(given.column, raw))
    classes = {sample_id: corpus.given_class(label) for sample_id, label in labels.items()}
    return {sample_id: name for sample_id, name in classes.items() if name is not None}


def with_given_labels(corpus: "Corpus", read: Read, reviewed: pa.Table, among: pa.Array) -> pa.Table:
    """Answers of people and, of samples that nobody answered, the labels that the data give them.

    Args:
        corpus: Names the column and the classes, and says how large the hold-out is.
        read: Reads the raw index and the balanced subset.
        reviewed: The answers of people (schema REVIEWED_LABELS).
        among: Samples whose given labels count.

    Returns: rows in the schema REVIEWED_LABELS.
    """
    if corpus.labels.given is None:
        return reviewed
    from data_engine.labeling import with_given_answers

    class_of = given_classes(corpus, read, among=among)
    hold_out = given_hold_out(corpus, read, reviewed)
    return with_given_answers(reviewed, class_of, hold_out=hold_out, kind=corpus.labels.kind)


def given_hold_out(corpus: "Corpus", read: Read, reviewed: pa.Table) -> set[str]:
    """The samples of the subset whose given labels are held out: random ones, as many as people left to be held out.

    Args:
        corpus: Says how large the hold-out is.
        read: Reads the raw index and the balanced subset.
        reviewed: The answers of people (sample_id, purpose).
    """
    given = corpus.labels.given
    if given is None or not given.in_hold_out:
        return set()
    from data_engine.labeling import hold_out_size

    chosen = read("balanced_subset", columns=["sample_id"])["sample_id"].combine_chunks()
    purposes = zip(reviewed["sample_id"].to_pylist(), reviewed["purpose"].to_pylist(), strict=True)
    answered = {sample_id: purpose for sample_id, purpose in purposes if purpose != "trap"}
    n_by_people = sum(purpose == "hold_out" for purpose in answered.values())
    n = hold_out_size(len(chosen), corpus.labels.hold_out_size).size - n_by_people
    ids = sorted(given_classes(corpus, read, among=chosen).keys() - answered.keys())
    priority = stable_priority(ids, corpus.seed_for("given labels", "hold-out"))
    return {ids[place] for place in priority.argsort(kind="stable")[: max(n, 0)].tolist()}


def remarks_on_given_labels(corpus: "Corpus", read: Read) -> list[str]:
    """What a person has to know of the given labels before anything is made of them: one sentence each."""
    given = corpus.labels.given
    if given is None:
        return []
    raw = read("raw_index", columns=["sample_id", "metadata"])
    labels = first_of_each(raw["sample_id"].to_pylist(), labels_in_column(given.column, raw))
    n_labels = sum(label is not None for label in labels.values())
    n_classes = len(given_classes(corpus, read))
    strays = Counter(label for label in labels.values() if label and corpus.named_given_class(label) is None)
    said = [
        f"{n_classes:,} of {len(labels):,} samples have a label in the data (labels.given, column {given.column}): "
        "answers with the provenance imported, of which those of the subset are released"
    ]
    if strays:
        said.append(said_of_strays(corpus, strays, f"{n_labels:,} labels that the data give (column {given.column})"))
    return said
