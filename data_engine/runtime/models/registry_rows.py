"""The rows of the model registry after a round: who is compared with whom, and who is in service.

The registry is the table `classifier`, of which a row is a version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine import labeling
from data_engine.labeling.models.hold_out_figures import ALL
from data_engine.labeling.models.version_rows import borrowed_row, measured
from data_engine.runtime.classifier_in_service import ClassifierRow, LearntBy, rival_of
from data_engine.runtime.models.promotions import HandPromotion
from data_engine.schemas import CLASSIFIER, CLASSIFIER_FIGURES

if TYPE_CHECKING:
    from data_engine.runtime.made_from.encoders import EncoderUsed
    from data_engine.runtime.models.borrowed import BorrowedModel


@dataclass(frozen=True, eq=False)
class JudgedBy:
    """What versions are judged by: the hold-out of now and the promise of the gate.

    Attributes:
        hold_out: Samples that no version learnt from.
        encoder: Of the vectors.
        class_names: The classes of now.
        learnt_by: What the YAML says a version learns from, and which kind it is.
        target_precision: What the gate has to promise.
        confidence: Of that promise.
        gate_per_class: Whether classes may have gates of their own.
    """

    hold_out: labeling.LabelledSet
    encoder: "EncoderUsed"
    class_names: tuple[str, ...]
    learnt_by: LearntBy
    target_precision: float
    confidence: float
    gate_per_class: bool = False

    def measured(self, model: labeling.MicroModel) -> dict[str, Any]:
        """What the hold-out says of a model, as columns of the registry."""
        x, y = self.hold_out.embeddings, self.hold_out.classes
        return measured(
            model,
            x,
            y,
            target_precision=self.target_precision,
            confidence=self.confidence,
            gate_per_class=self.gate_per_class,
        )

    def compared(self, model: labeling.MicroModel, rival: ClassifierRow | None) -> labeling.Comparison:
        """Whether a model takes over from a version of the registry."""
        service = None if rival is None else labeling.load_model(rival["artefact"])
        return labeling.compare(model, service, self.hold_out.embeddings, self.hold_out.classes)

    def why_unfit(self, row: ClassifierRow) -> str:
        """Why a version cannot be in service; empty where it can."""
        if row["encoder_version"] != self.encoder.version:
            return f"it learnt from vectors of {row['encoder_version']}, and those of now are of {self.encoder.version}"
        if labeling.load_model(row["artefact"]).class_names != self.class_names:
            return "it knows other classes than those of now"
        return ""


def rows_after(
    history: pa.Table,
    trained: labeling.TrainedRound,
    judged_by: JudgedBy,
    *,
    borrowed: "BorrowedModel | None" = None,
    by_hand: HandPromotion | None = None,
) -> pa.Table:
    """The registry with the version that was trained now, in the last row; exactly one is in service.

    Each new version takes over when it is better than the one in service. What a person promoted stays in service,
    whatever the comparison says, for as long as it fits the vectors and the classes.

    Args:
        history: The registry until now (schema CLASSIFIER).
        trained: The round.
        judged_by: What all versions are judged by.
        borrowed: A model of another corpus that may be in service too.
        by_hand: What a person decided.
    """
    rows: dict[str, ClassifierRow] = {row["classifier_version"]: row for row in history.to_pylist()}
    before = labeling.row_in_service(history)
    corpus = None if borrowed is None else borrowed.corpus
    version = trained.classifier.version
    service = rival_of(history, version, judged_by.encoder.version, judged_by.learnt_by, borrowed_from=corpus)
    for model, made in _candidates(trained, judged_by, borrowed):
        if made["borrowed_from"] is not None and model.version in rows:
            continue
        verdict = _verdict(model, service, before, judged_by)
        row = {**made, "took_over": bool(verdict), "comparison": verdict.reason}
        rows.pop(model.version, None)
        rows[model.version] = row
        service = row if verdict else service
    own, pinned = rows[version], None if by_hand is None else rows.get(by_hand.classifier_version or "")
    if by_hand is not None:
        unfit = "it is not in the registry" if pinned is None else judged_by.why_unfit(pinned)
        service = service if unfit else pinned
        own["comparison"] += said_by_hand(by_hand, unfit)
        own["took_over"] = service is not None and service["classifier_version"] == version
    in_service = None if service is None else service["classifier_version"]
    rows = {name: {**row, "is_in_service": name == in_service} for name, row in rows.items()}
    if in_service not in (None, version):
        # The promise is that of now, and so is the hold-out that it is measured and certified on.
        service_model = labeling.load_model(rows[in_service]["artefact"])
        rows[in_service] |= judged_by.measured(service_model) | {"hold_out_version": judged_by.hold_out.version}
    return pa.Table.from_pylist(list(rows.values()), schema=CLASSIFIER)


def _candidates(
    trained: labeling.TrainedRound, judged_by: JudgedBy, borrowed: "BorrowedModel | None"
) -> list[tuple[labeling.MicroModel, dict[str, Any]]]:
    """The versions that are new, each calibrated, with its row; the one that was trained now last."""
    found: list[tuple[labeling.MicroModel, dict[str, Any]]] = []
    if borrowed is not None:
        model = borrowed.model.calibrate(judged_by.hold_out.embeddings, judged_by.hold_out.classes)
        of_hold_out = {**judged_by.measured(model), "hold_out_version": judged_by.hold_out.version}
        found.append((model, borrowed_row(borrowed.row, model, corpus=borrowed.corpus, of_hold_out=of_hold_out)))
    undecided = labeling.Comparison(False, "")
    own = labeling.classifier_row(
        trained,
        undecided,
        encoder_version=judged_by.encoder.version,
        given_labels=judged_by.learnt_by.given_labels,
        with_class_names=judged_by.learnt_by.with_class_names,
        is_taught=judged_by.learnt_by.is_taught,
    )
    return [*found, (trained.classifier, own.to_pylist()[0])]


def _verdict(
    model: labeling.MicroModel, service: ClassifierRow | None, before: ClassifierRow | None, judged_by: JudgedBy
) -> labeling.Comparison:
    """Whether a version takes over from the one in service; without one of the same vectors and labels it does."""
    if service is not None or before is None:
        return judged_by.compared(model, service)
    told = f"not compared: version {before['classifier_version']}, in service until now, learnt "
    if before["encoder_version"] == judged_by.encoder.version:
        how = "in another corpus" if before["borrowed_from"] else _other_settings(before, judged_by.learnt_by)
        return labeling.Comparison(True, f"{told}{how}")
    other = before["encoder_version"] or "an encoder that an earlier engine did not keep"
    return labeling.Comparison(
        True, f"{told}from vectors of {other}, this one from those of {judged_by.encoder.version}"
    )


def _other_settings(before: ClassifierRow, now: LearntBy) -> str:
    then = LearntBy.of(before)
    changed = [
        ("labels.given", then.given_labels != now.given_labels),
        ("labels.model", then.model != now.model),
        ("labels.class_names_as_examples", then.with_class_names != now.with_class_names),
        ("teaches of the foundation model in labels.deciders", then.is_taught != now.is_taught),
    ]
    return f"by another setting of {', '.join(name for name, is_other in changed if is_other)}"


def said_by_hand(by_hand: HandPromotion, unfit: str) -> str:
    """What is added to the comparison of a round where a person decided; `unfit` says why that holds no more."""
    version = by_hand.classifier_version
    if unfit:
        return f"; version {version}, promoted by hand, is not in service: {unfit}"
    return f"; version {version} is in service by hand: {by_hand.told}"


def figures_after(
    earlier: pa.Table,
    kept: Sequence[str],
    version: str,
    figures: Sequence[Mapping[str, Any]],
    in_service: tuple[str, Sequence[Mapping[str, Any]]] | None = None,
) -> pa.Table:
    """The figures of all rounds: those of versions that are kept, and those of a round.

    Args:
        earlier: Figures until now.
        kept: The versions of the registry.
        version: Of the round.
        figures: Of the round.
        in_service: An earlier version that is in service, and what the hold-out of now says of it.
    """
    service, of_service = in_service or ("", ())
    rows = [
        row
        for row in earlier.to_pylist()
        if row["classifier_version"] in set(kept) - {version}
        and (row["classifier_version"], row["trained_on"]) != (service, ALL)
    ]
    rows += [{"classifier_version": service, **each} for each in of_service]
    rows += [{"classifier_version": version, **each} for each in figures]
    return pa.Table.from_pylist(rows, schema=CLASSIFIER_FIGURES)
