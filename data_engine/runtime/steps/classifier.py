"""classifier: what a small model learnt from the answers - calibrated and certified on the hold-out."""

from typing import TYPE_CHECKING, Any

import dagster as dg
import pyarrow as pa

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.review_rounds import known_embeddings
from data_engine.runtime.step_run import StepRun
from data_engine.schemas import CLASSIFIER

if TYPE_CHECKING:
    from data_engine.labeling import Classifier


def classifier(runtime: CorpusRuntime) -> dg.AssetsDefinition:
    """The micro-model of a corpus, one row per version."""
    settings = runtime.corpus.labels

    @dg.asset(
        **runtime.asset(
            "classifier",
            description="One row per version of the micro-model: a softmax over the embeddings, trained on everything "
            "answered outside the hold-out, calibrated and certified on the hold-out. The newest is in service "
            "unless it is worse than the one before.",
            deps=["reviewed_labels", "embeddings"],
            kinds=("scikitlearn",),
        )
    )
    def classifier(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from data_engine import labeling, reporting

        step_run = StepRun.begin(runtime, context, "classifier")
        reviewed = step_run.read_accepted("reviewed_labels")
        trained = labeling.train_round(
            reviewed,
            known_embeddings(step_run.store, reviewed["sample_id"]),
            class_names=runtime.corpus.class_names,
            target_precision=settings.target_of("classifier"),
            confidence=settings.confidence,
            seed=runtime.corpus.seed_for("classifier"),
        )
        history = step_run.store.read("classifier")
        verdict = labeling.is_better_or_equal(trained, _in_service(history))
        table = _with_newest(history, labeling.classifier_row(trained, is_in_service=bool(verdict)))
        probabilities = trained.classifier.predict_proba(trained.hold_out.embeddings)
        bins = labeling.reliability(probabilities, trained.hold_out.classes)
        return step_run.finish(
            table,
            preview_rows=table.slice(max(0, table.num_rows - 8)),
            metadata={
                "version": trained.classifier.version,
                "in service": verdict.reason,
                "trained on": len(trained.training),
                "hold-out accuracy": round(trained.accuracy, 4),
                "gate": "shut"
                if trained.gate.threshold is None
                else f"open from probability {trained.gate.threshold:.3f}",
                "accuracy on query / control batches alone": f"{trained.query_accuracy} / {trained.control_accuracy}",
                "without an embedding": len(trained.without_embedding),
            },
            plots={"calibration": reporting.reliability_plot(bins)},
        )

    return classifier


def artefact_in_service(history: pa.Table) -> "tuple[Classifier, dict[str, Any]] | None":
    """The classifier that proposals come from, and its row; None before the first."""
    from data_engine.labeling import Classifier

    rows = [row for row in history.to_pylist() if row["is_in_service"]]
    return (Classifier.from_bytes(rows[-1]["artefact"]), rows[-1]) if rows else None


def _in_service(history: pa.Table) -> "Classifier | None":
    found = artefact_in_service(history)
    return found[0] if found else None


def _with_newest(history: pa.Table, newest: pa.Table) -> pa.Table:
    """The history with a version appended; it takes over when it is in service, and replaces an equal one."""
    new = newest.to_pylist()[0]
    rows = [row for row in history.to_pylist() if row["classifier_version"] != new["classifier_version"]]
    if new["is_in_service"]:
        rows = [{**row, "is_in_service": False} for row in rows]
    return pa.Table.from_pylist([*rows, new], schema=CLASSIFIER)
