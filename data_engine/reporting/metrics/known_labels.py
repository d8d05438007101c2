"""Labels known beforehand, from the metadata of the source, and the groups over which balance is counted.

Metrics that compare labels with them are in `label_metrics.py`.
"""

import json
import weakref
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.corpus import Corpus
from data_engine.corpus.known_labels import label_text
from data_engine.errors import InvalidInput, UnknownLabel
from data_engine.schemas.long_columns import taken


@dataclass(frozen=True, eq=False)
class BalanceGroups:
    """A grouping of samples over which balance can be measured."""

    sample_ids: pa.ChunkedArray
    """(n_samples,) the samples whose group is known, each once."""
    group: NDArray[np.int64]
    """(n_samples,) the group of each, as its place among the names."""
    raw: NDArray[np.int64]
    """(n_groups,) raw samples of each group."""
    names: Sequence[str]
    """All groups, sorted."""
    what: str
    """The kind of group, as in `over the 756 known labels`."""

    def counts(self, several: Sequence[pa.Array]) -> list[NDArray[np.int64]]:
        """(n_groups,) samples of each group, of several sets of ids; ids of unknown group are left out."""
        asked = pc.unique(pa.chunked_array(several, pa.string()))
        rows = np.flatnonzero(pc.is_in(self.sample_ids, value_set=asked).to_numpy())
        found, group = taken(self.sample_ids, rows).combine_chunks(), self.group[rows]
        places = (pc.index_in(ids, value_set=found).drop_null().to_numpy() for ids in several)
        return [np.bincount(group[place], minlength=len(self.names)) for place in places]


def known_labels(corpus: Corpus, raw_index: pa.Table) -> list[str | None]:
    """The label known beforehand of every row of the raw index; None where the source gives none."""
    column = None if corpus.asks_for_objects else corpus.known_label_column
    return [None] * raw_index.num_rows if column is None else labels_in_column(column, raw_index)


def known_objects(corpus: Corpus, raw_index: pa.Table) -> dict[str, str]:
    """sample_id to the objects known beforehand, as an answer, for simulation and evaluation only.

    Objects of classes that the question does not have, such as one that was removed, are left out.

    Raises: InvalidInput for a value of the column that is no such answer, with the sample; UnknownLabel where no known
        object at all is of a class of the question.
    """
    from data_engine.labeling.answers.object_forms import classes_in
    from data_engine.labeling.answers.registry import answer_kind

    if not corpus.asks_for_objects or corpus.known_label_column is None:
        return {}
    kind, found, unknown = answer_kind(corpus.labels.kind), {}, None
    for row in raw_index.select(["sample_id", "metadata"]).to_pylist():
        said = json.loads(row["metadata"]).get(corpus.known_label_column)
        if said:
            of = f"corpus {corpus.name}, as column {corpus.known_label_column} of sample {row['sample_id']} has it"
            try:
                found[row["sample_id"]] = kind.validate(said, corpus.class_names, of=of)
            except UnknownLabel as error:
                unknown = error
                found[row["sample_id"]] = kind.validate(
                    _of_classes(said, corpus.class_names), corpus.class_names, of=of
                )
    if unknown is not None and not any(map(classes_in, found.values())):
        raise unknown
    return found


def _of_classes(said: object, class_names: Collection[str]) -> dict[str, Any]:
    """What the column says without the objects of other classes; its form is checked afterwards."""
    answer: dict[str, Any] = json.loads(said) if isinstance(said, str) else dict(said)  # type: ignore[call-overload]
    others = [one for one in answer["objects"] if isinstance(one, dict) and one.get("class") not in class_names]
    return {**answer, "objects": [one for one in answer["objects"] if one not in others]}


def labels_in_column(column: str, raw_index: pa.Table) -> list[str | None]:
    """The text of every row's value in a column of the metadata; None for a value that says nothing."""
    key = (id(raw_index), column)
    if key not in _READ:
        _READ[key] = [label_text(json.loads(metadata).get(column)) for metadata in raw_index["metadata"].to_pylist()]
        weakref.finalize(raw_index, _READ.pop, key, None)
    return _READ[key]


#: The labels of tables that are in use, by the table's identity: a report asks for them six times.
_READ: dict[tuple[int, str], list[str | None]] = {}


def known_label_of(corpus: Corpus, raw_index: pa.Table) -> dict[str, str | None]:
    """sample_id to the label known beforehand; of equal contents the first that the source labels counts."""
    return first_of_each(raw_index["sample_id"].to_pylist(), known_labels(corpus, raw_index))


def truth_of(corpus: Corpus, raw_index: pa.Table) -> dict[str, str | None]:
    """sample_id to the label that balance and worth of a subset are counted over; None where a sample has none.

    The labels known beforehand, or where the corpus has no column of these, the classes that `labels.given` names.
    """
    given = corpus.labels.given
    if corpus.known_label_column is not None or given is None:
        return known_label_of(corpus, raw_index)
    labels = labels_in_column(given.column, raw_index)
    return first_of_each(raw_index["sample_id"].to_pylist(), [corpus.given_class(label) for label in labels])


def has_truth(corpus: Corpus) -> bool:
    """Whether the YAML names a column for `truth_of`."""
    is_known = corpus.known_label_column is not None and not corpus.asks_for_objects
    return is_known or corpus.labels.given is not None


def called_truth(corpus: Corpus) -> str:
    """What the labels of `truth_of` are called, for people."""
    return KNOWN if corpus.known_label_column is not None or corpus.labels.given is None else GIVEN


KNOWN, GIVEN = "known labels", "labels that the data give"


def knows_truth(corpus: Corpus, tables: Mapping[str, pa.Table]) -> bool:
    """Whether at least one sample has a label that balance is counted over."""
    if "raw_index" not in tables or not has_truth(corpus):
        return False
    return any(label is not None for label in truth_of(corpus, tables["raw_index"]).values())


def first_of_each(sample_ids: Sequence[str], labels: Sequence[str | None]) -> dict[str, str | None]:
    """sample_id to the first of its labels that says something; None where none does."""
    found: dict[str, str | None] = {}
    for sample_id, label in zip(sample_ids, labels, strict=True):
        if found.get(sample_id) is None:
            found[sample_id] = label
    return found


def known_classes(corpus: Corpus, raw_index: pa.Table) -> dict[str, str]:
    """sample_id to the class known beforehand, for simulation and evaluation only; samples without one are absent."""
    if corpus.asks_for_objects:
        return {}
    classes = {key: corpus.known_class(label) for key, label in known_label_of(corpus, raw_index).items()}
    return {key: name for key, name in classes.items() if name is not None}


def remarks_on_known_labels(corpus: Corpus, raw_index: pa.Table, sample_ids: Collection[str]) -> list[str]:
    """What a person has to know of the known labels before anything is made of them: one sentence each.

    Args:
        corpus: Its column, pattern and classes.
        raw_index: sample_id and metadata of every raw sample.
        sample_ids: The samples that can be asked about.

    Returns: nothing where every sample has a label that names a class, or the corpus has no known labels.

    Raises: InvalidInput where simulated annotators would have no answer at all.
    """
    column = corpus.known_label_column
    if column is None or not raw_index.num_rows or corpus.asks_for_objects:
        return []
    label_of = {key: label for key, label in known_label_of(corpus, raw_index).items() if key in sample_ids}
    if not any(known_labels(corpus, raw_index)) and (nowhere := _nowhere(column, raw_index)):
        if corpus.review.simulated:
            raise InvalidInput(nowhere)
        return [nowhere]
    classes = known_classes(corpus, raw_index)
    strays = Counter(label for label in label_of.values() if label and corpus.named_class(label) is None)
    n_unknown = sum(key not in classes for key in label_of)
    said = []
    if strays:
        n_labels = sum(label is not None for label in label_of.values())
        said.append(said_of_strays(corpus, strays, f"{n_labels:,} known labels (column {column})"))
    if corpus.labels.out_of_scope is not None and (n_empty := sum(label is None for label in label_of.values())):
        said.append(
            f"{n_empty:,} of {len(label_of):,} samples have no value in {column}; "
            f"they count as {corpus.labels.out_of_scope!r}, which labels.out_of_scope names"
        )
    if n_unknown and n_unknown == len(label_of) and corpus.review.simulated:
        raise InvalidInput(" ".join([*said, _NO_ANSWER.format(column=column)]))
    if n_unknown:
        said.append(
            f"{n_unknown:,} of {len(label_of):,} samples have no known class: simulated annotators leave them "
            f"unanswered for a person, and metrics that compare with {column} leave them out"
        )
    return said


_NO_ANSWER = (
    "no sample has a known class, so simulated annotators could answer nothing; mend known_label_column (now "
    "{column!r}), known_label_pattern or labels.classes, or remove review.simulated"
)
#: The commonest values that a message names.
_MOST_NAMED = 8


def _nowhere(column: str, raw_index: pa.Table) -> str:
    """That no row has the column, and which there are; empty where one has it."""
    columns = Counter(key for metadata in raw_index["metadata"].to_pylist() for key in json.loads(metadata))
    found = ", ".join(sorted(columns)) or "none"
    return (
        ""
        if column in columns
        else f"known_label_column is {column!r}, but no row has that column; the columns found are: {found}; name one "
        "of them, or remove known_label_column"
    )


def said_of_strays(corpus: Corpus, strays: Mapping[str, int], of_what: str) -> str:
    """The labels that are no class, the commonest first, and what becomes of them.

    Args:
        corpus: Gives the classes.
        strays: Each of these labels with its number.
        of_what: All labels, as `77 known labels (column topic)`.
    """
    common = ", ".join(f"{label[:60]!r} ({n:,})" for label, n in Counter(strays).most_common(_MOST_NAMED))
    become = f"count as {corpus.labels.other!r}" if corpus.labels.other else "count as no label"
    names = ", ".join(map(repr, corpus.class_names[:_MOST_NAMED]))
    names += ", ..." if len(corpus.class_names) > _MOST_NAMED else ""
    n = sum(strays.values())
    return f"{n:,} of {of_what} name no class and {become}; the commonest are {common}; the classes are {names}"


def knows_labels(corpus: Corpus, tables: Mapping[str, pa.Table]) -> bool:
    """Whether the corpus has labels known beforehand, and the source gives at least one."""
    return "raw_index" in tables and any(label is not None for label in known_labels(corpus, tables["raw_index"]))


def groups(corpus: Corpus, tables: Mapping[str, pa.Table]) -> BalanceGroups | None:
    """The known or given labels where the corpus has them, else the tree's top clusters; None before either."""
    if has_truth(corpus) and "raw_index" in tables:
        of_sample = {key: label for key, label in truth_of(corpus, tables["raw_index"]).items() if label}
        labels = [of_sample[key] for key in tables["raw_index"]["sample_id"].to_pylist() if key in of_sample]
        if labels:
            found, raw = np.unique(labels, return_counts=True)
            ids = pa.chunked_array([list(of_sample)], pa.string())
            group = np.searchsorted(found, list(of_sample.values()))
            return BalanceGroups(ids, group, raw, found.tolist(), called_truth(corpus))
    if {"cluster_tree", "tree_assignments"} <= set(tables) and tables["tree_assignments"].num_rows:
        assigned = tables["tree_assignments"]
        top = ancestors(tables["cluster_tree"])[assigned["leaf"].to_numpy()]
        sizes = np.bincount(top)
        # Only clusters that hold a sample are groups; they come in the order of their names.
        filled = sorted(np.flatnonzero(sizes).tolist(), key="cluster {}".format)
        number = np.full(len(sizes), -1, np.int64)
        number[filled] = np.arange(len(filled))
        names = [f"cluster {k}" for k in filled]
        return BalanceGroups(assigned["sample_id"], number[top], sizes[filled], names, "top clusters of the tree")
    return None


def ancestors(tree: pa.Table) -> NDArray[np.int64]:
    """(n_leaves,) the cluster of the coarsest level above each cluster of level 1."""
    above = ancestors_by_level(tree)
    return above[max(above)]


def ancestors_by_level(tree: pa.Table) -> dict[int, NDArray[np.int64]]:
    """Level to the (n_leaves,) cluster of that level above each cluster of level 1."""
    above: dict[int, NDArray[np.int64]] = {}
    parents = np.arange(0)
    for level in sorted(set(tree["level"].to_pylist())):
        at_level = tree.filter(pc.equal(tree["level"], level))
        clusters = at_level["cluster"].to_numpy()
        above[level] = parents[above[level - 1]] if above else np.arange(int(clusters.max()) + 1)
        parents = np.full(int(clusters.max()) + 1, -1, dtype=np.int64)
        parents[clusters] = at_level["parent"].fill_null(-1).to_numpy()
    return above
