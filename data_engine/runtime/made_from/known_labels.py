"""Known labels as inputs: what is counted over them is stale when the column names others, or the source does.

Reading them is in `reporting.metrics.known_labels`.
"""

from typing import TYPE_CHECKING

from data_engine.runtime.plan import STEPS
from data_engine.runtime.versions import fingerprint

if TYPE_CHECKING:
    from data_engine.corpus import Corpus
    from data_engine.runtime.accepted_tables import AcceptedTables, StepVerdicts


def reads_known_labels(step: str) -> bool:
    """Whether the plan says that a step reads the labels known beforehand."""
    return "known_label_column" in STEPS[step].settings


def known_label_inputs(corpus: "Corpus", gate: "StepVerdicts", tables: "AcceptedTables") -> dict[str, str]:
    """Where the known labels of every batch are read: the data version of its raw index; nothing without a column.

    Labels that the data give stand in for them where the corpus has no such column; then also how they become classes.

    Args:
        corpus: Names the column.
        gate: Knows the versions that are open.
        tables: As the step that counts over known labels reads them.
    """
    if corpus.known_label_column is not None:
        return raw_index_inputs("known labels", gate, tables)
    if corpus.labels.given is None:
        return {}
    labels = corpus.labels
    how = fingerprint([labels.given, corpus.class_names, labels.other, sorted(labels.renamed.items())])
    found = raw_index_inputs("known labels", gate, tables)
    return {name: f"{version}:{how}" for name, version in found.items()}


def raw_index_inputs(what: str, gate: "StepVerdicts", tables: "AcceptedTables") -> dict[str, str]:
    """The version of the raw index of every batch that a step reads, as inputs whose names begin with `what`."""
    accepted = gate.accepted("raw_index")
    found = {}
    for batch, table_version in tables.partitions("raw_index").items():
        version = accepted.get(batch)
        is_newest = version is not None and version.table_version == table_version
        found[f"{what}/{batch}"] = version.data_version if version and is_newest else f"version {table_version}"
    return found
