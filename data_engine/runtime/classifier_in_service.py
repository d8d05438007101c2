"""The classifier in service: the version that proposals come from, its gate, and how old its newest audit is.

Training and comparing classifiers is in `labeling.training`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from data_engine.corpus import Corpus
    from data_engine.labeling import Gate
    from data_engine.labeling.inputs import Draw
    from data_engine.runtime.accepted_tables import AcceptedTables
    from data_engine.runtime.check_gate import CheckGate


#: A row of the schema CLASSIFIER.
ClassifierRow = dict[str, Any]


@dataclass(frozen=True)
class LearntBy:
    """What the YAML says a classifier learns from, and which kind it is.

    Attributes:
        given_labels: Where the labels stand that it learns from besides the answers; None where there are none.
        model: Its kind.
        with_class_names: Whether names of classes are examples too.
        is_taught: Whether accepted answers of a foundation model are, too.
    """

    given_labels: str | None = None
    model: str = "softmax"
    with_class_names: bool = False
    is_taught: bool = False

    @classmethod
    def of(cls, row: ClassifierRow) -> "LearntBy":
        """What the YAML said when a version was trained."""
        return cls(
            row["given_labels"],
            row["model"] or cls.model,
            bool(row["with_class_names"]),
            row["n_distilled"] is not None,
        )


def rival_of(
    history: pa.Table,
    new_version: str,
    encoder_version: str,
    learnt_by: LearntBy | None = None,
    *,
    borrowed_from: str | None = None,
) -> ClassifierRow | None:
    """The version that a new one is compared with: in service, or the last that was, of the same vectors and settings.

    A setting that is changed counts at once, and one that is put back brings its version back: what learnt by other
    settings, or in another corpus that the YAML names no more, would else stay in service.

    Args:
        history: Versions in the order in which they were trained (schema CLASSIFIER).
        new_version: Of the new one, which is no rival of itself when its encoder comes back.
        encoder_version: Of the vectors that it learnt from.
        learnt_by: What the YAML says of the new one; the defaults without.
        borrowed_from: The other corpus that the YAML names a model of; None where it names none.
    """
    from data_engine.labeling import row_in_service

    def is_alike(row: ClassifierRow) -> bool:
        if row["encoder_version"] != encoder_version:
            return False
        if row["borrowed_from"] is not None:
            return bool(row["borrowed_from"].partition("/")[0] == borrowed_from)
        return LearntBy.of(row) == (learnt_by or LearntBy())

    row = row_in_service(history)
    if row is not None and is_alike(row):
        return row
    rows = [
        row
        for row in history.to_pylist()
        if row["took_over"] and is_alike(row) and row["classifier_version"] != new_version
    ]
    return rows[-1] if rows else None


def row_of_now(gate: "CheckGate", tables: "AcceptedTables") -> ClassifierRow | None:
    """The version in service, past its checks and of the vectors of now; None where there is none."""
    from data_engine.labeling import row_in_service

    version = gate.latest("classifier", "")
    if version is None or gate.refusal(version):
        return None
    row = row_in_service(tables.read("classifier"))
    return row if row is not None and row["encoder_version"] == gate.encoder_in_use().version else None


def gate_in_service(tables: "AcceptedTables", corpus: "Corpus") -> "Gate | None":
    """The gate of the classifier in service; None where none is."""
    from data_engine.labeling import gate_of, row_in_service

    row = row_in_service(tables.read("classifier"))
    names, confidence = corpus.class_names, corpus.labels.confidence
    return None if row is None else gate_of(row, confidence=confidence, class_names=names)


def draws_in_service(tables: "AcceptedTables") -> "Draw | None":
    """Draws classifiers of the one in service by dropout; None where it has none, or nothing is in service."""
    from data_engine.labeling import load_model, row_in_service

    row = row_in_service(tables.read("classifier"))
    return None if row is None else load_model(row["artefact"]).draws


def newest_audit_age_days(tables: "AcceptedTables", corpus: "Corpus | None" = None) -> float | None:
    """Days since somebody last answered a hold-out or audit task; None when nobody has.

    The time is that of the answer, in the ledger, however often the answers were taken over since. Where labels that
    the data give may be in the hold-out, the time when they were read counts too.

    Args:
        tables: Answers, and the versions of the raw index.
        corpus: Says whether given labels may be in the hold-out.
    """
    reviewed = tables.read("reviewed_labels", columns=["review_batch", "sample_id", "purpose"])
    audited = reviewed.filter(pc.is_in(reviewed["purpose"], pa.array(["hold_out", "audit"])))
    answered: list[datetime] = []
    if corpus is not None and corpus.labels.given is not None and corpus.labels.given.in_hold_out:
        answered += [version.written_at for version in tables.verdicts.accepted("raw_index").values()]
    for batch in pc.unique(audited["review_batch"]).to_pylist():
        of_batch = audited.filter(pc.equal(audited["review_batch"], batch))["sample_id"].combine_chunks()
        decided = tables.decisions("reviewed_labels", batch)
        answered += decided.filter(pc.is_in(decided["sample_id"], of_batch))["decided_at"].to_pylist()
    return (datetime.now(UTC) - max(answered)).total_seconds() / 86_400 if answered else None


def proposed_classes(
    tables: "AcceptedTables", ids: list[str], classes: dict[str, int]
) -> "tuple[np.ndarray | None, np.ndarray | None, np.ndarray | None]":
    """Probabilities, proposed classes, and whether a decider takes it without a person, in the order of the ids.

    None when one of them has no proposal yet.
    """
    from data_engine.labeling import probabilities_of

    table = tables.read("proposals", columns=["sample_id", "label", "probabilities", "route"])
    row_of = {sample_id: row for row, sample_id in enumerate(table["sample_id"].to_pylist())}
    if not row_of or any(sample_id not in row_of for sample_id in ids):
        return None, None, None
    in_order = table.take(pa.array([row_of[sample_id] for sample_id in ids], pa.int64()))
    proposed = np.array([classes[label] for label in in_order["label"].to_pylist()])
    return probabilities_of(in_order), proposed, np.array([name != "person" for name in in_order["route"].to_pylist()])
