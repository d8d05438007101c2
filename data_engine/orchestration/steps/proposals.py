"""proposals: what the classifier in service suggests for every chosen sample, and whether a person has to look."""

from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import NotEnoughData
from data_engine.orchestration.bench import Bench
from data_engine.orchestration.reviewing import known_embeddings, subset_embeddings
from data_engine.orchestration.steps.classifier import artefact_in_service
from data_engine.orchestration.tables_io import Work, decisions

if TYPE_CHECKING:
    from numpy.typing import NDArray


def proposals(bench: Bench) -> dg.AssetsDefinition:
    """The proposals of a corpus."""

    @dg.asset(
        **bench.asset(
            "proposals",
            description="One proposal per sample of the subset: calibrated probabilities, utility for the next query "
            "batch, difficulty, and the route - accepted at the certified gate, or to a person.",
            deps=["classifier", "balanced_subset"],
            kinds=("scikitlearn",),
        )
    )
    def proposals(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from data_engine import labeling, reporting

        work = Work.begin(bench, context, "proposals")
        found = artefact_in_service(work.read("classifier"))
        if found is None:
            raise NotEnoughData("no classifier is in service; answer a review batch, then materialize classifier")
        classifier, row = found
        work.read("balanced_subset", columns=["sample_id"])
        ids, x = subset_embeddings(work.store)
        gate = labeling.gate_of(row, confidence=bench.corpus.labels.confidence)
        table = labeling.propose(
            classifier,
            gate,
            x,
            ids,
            bench.corpus.class_names,
            strategy=bench.corpus.labels.strategy,
            neighbour_classes=_neighbour_classes(bench, work, x),
        )
        routes = pc.value_counts(table["route"]).to_pylist()
        return work.finish(
            table,
            ledger=decisions(
                table["sample_id"],
                verdict=table["route"],
                reason=pc.binary_join_element_wise(table["label"], table["reason"], ": "),
                score=table["probability"],
                threshold=gate.threshold,
                model_version=classifier.version,
            ),
            metadata={"gate": gate.threshold, **{f"route {r['values']}": r["counts"] for r in routes}},
            plots={"uncertainty": reporting.uncertainty_plot(table["uncertainty"].to_numpy(), gate.threshold)},
        )

    return proposals


def _neighbour_classes(bench: Bench, work: Work, x: "NDArray[np.float32]") -> "NDArray[np.int64] | None":
    """The second view of the difficulty: what the nearest answered samples are, hold-out and traps aside."""
    from data_engine.labeling import neighbour_classes

    reviewed = work.store.read("reviewed_labels", columns=["sample_id", "label", "purpose"])
    used = reviewed.filter(pc.invert(pc.is_in(reviewed["purpose"], pa.array(["hold_out", "trap"]))))
    rows = known_embeddings(work.store, used["sample_id"])
    numbers = {name: number for number, name in enumerate(bench.corpus.class_names)}
    answered = [row for row in used.to_pylist() if row["sample_id"] in rows]
    if not answered:
        return None
    classes = np.array([numbers[row["label"]] for row in answered])
    return neighbour_classes(x, np.stack([rows[row["sample_id"]] for row in answered]), classes)
