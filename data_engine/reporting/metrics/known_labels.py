"""Labels known beforehand, from the metadata of the source, and the groups over which balance is counted.

Metrics that compare labels with them are in `label_metrics.py`.
"""

import json
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.corpus import Corpus


@dataclass(frozen=True)
class BalanceGroups:
    """A grouping of samples over which balance can be measured."""

    of_sample: Mapping[str, str]
    """sample_id to group; samples of unknown group are absent."""
    raw: Sequence[str]
    """The group of every raw sample that has one."""
    names: Sequence[str]
    """All groups, sorted."""
    what: str
    """The kind of group, as in `over the 756 known labels`."""


def known_labels(corpus: Corpus, raw_index: pa.Table) -> list[str | None]:
    """The label known beforehand of every row of the raw index; None where the source gives none."""
    column = corpus.known_label_column
    if column is None:
        return [None] * raw_index.num_rows
    key = (id(raw_index), column)
    if key not in _READ:
        _READ[key] = [_text(json.loads(metadata).get(column)) for metadata in raw_index["metadata"].to_pylist()]
        weakref.finalize(raw_index, _READ.pop, key, None)
    return _READ[key]


#: The labels of tables that are in use, by the table's identity: a report asks for them six times.
_READ: dict[tuple[int, str], list[str | None]] = {}


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def known_label_of(corpus: Corpus, raw_index: pa.Table) -> dict[str, str | None]:
    """sample_id to the label known beforehand; of equal contents the first that the source labels counts."""
    found: dict[str, str | None] = {}
    for sample_id, label in zip(raw_index["sample_id"].to_pylist(), known_labels(corpus, raw_index), strict=True):
        if found.get(sample_id) is None:
            found[sample_id] = label
    return found


def known_classes(corpus: Corpus, raw_index: pa.Table) -> dict[str, str]:
    """sample_id to the class known beforehand, for simulation and evaluation only; samples without one are absent."""
    classes = {key: corpus.known_class(label) for key, label in known_label_of(corpus, raw_index).items()}
    return {key: name for key, name in classes.items() if name is not None}


def groups(corpus: Corpus, tables: Mapping[str, pa.Table]) -> BalanceGroups | None:
    """The known labels where the corpus has them, else the top clusters of the tree; None before either is there."""
    if corpus.known_label_column is not None and "raw_index" in tables:
        labels = [label for label in known_labels(corpus, tables["raw_index"]) if label is not None]
        of_sample = {key: label for key, label in known_label_of(corpus, tables["raw_index"]).items() if label}
        if labels:
            return BalanceGroups(of_sample, labels, sorted(set(labels)), "known labels")
    if {"cluster_tree", "tree_assignments"} <= set(tables) and tables["tree_assignments"].num_rows:
        assigned = tables["tree_assignments"]
        tops = [f"cluster {k}" for k in ancestors(tables["cluster_tree"])[assigned["leaf"].to_numpy()]]
        of_sample = dict(zip(assigned["sample_id"].to_pylist(), tops, strict=True))
        return BalanceGroups(of_sample, tops, sorted(set(tops)), "top clusters of the tree")
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
