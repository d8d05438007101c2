"""proposals: what the classifier in service suggests for every chosen sample, and whether a person has to look."""

from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import NotEnoughData
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.review_rounds import known_embeddings, subset_embeddings
from data_engine.runtime.step_run import StepRun
from data_engine.runtime.steps.classifier import artefact_in_service
from data_engine.storage.ledger import ledger_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data_engine.labeling.deciders.cascade import Opinion


def proposals(runtime: CorpusRuntime) -> dg.AssetsDefinition:
    """The proposals of a corpus."""

    @dg.asset(
        **runtime.asset(
            "proposals",
            description="One proposal per sample of the subset: calibrated probabilities, utility for the next query "
            "batch, difficulty, and the route - the first decider that its certified gate makes sure, or a person.",
            deps=["classifier", "balanced_subset"],
            kinds=("scikitlearn",),
        )
    )
    def proposals(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from data_engine import labeling, reporting

        step_run = StepRun.begin(runtime, context, "proposals")
        found = artefact_in_service(step_run.read("classifier"))
        if found is None:
            raise NotEnoughData("no classifier is in service; answer a review batch, then materialize classifier")
        classifier, row = found
        step_run.read("balanced_subset", columns=["sample_id"])
        ids, x = subset_embeddings(step_run.store)
        gate = labeling.gate_of(row, confidence=runtime.corpus.labels.confidence)
        table = labeling.propose(
            classifier,
            gate,
            x,
            ids,
            runtime.corpus.class_names,
            strategy=runtime.corpus.labels.strategy,
            neighbour_classes=_neighbour_classes(runtime, step_run, x),
            deciders=runtime.corpus.labels.decider_names,
            opinions=_rules_opinion(runtime, step_run, ids),
        )
        routes = pc.value_counts(table["route"]).to_pylist()
        return step_run.finish(
            table,
            ledger=ledger_rows(
                table["sample_id"],
                verdict=table["route"],
                reason=pc.binary_join_element_wise(table["label"], table["reason"], ", "),
                score=table["probability"],
                threshold=_thresholds(runtime, table, gate.threshold),
                model_version=classifier.version,
            ),
            metadata={"gate": gate.threshold, **{f"route {r['values']}": r["counts"] for r in routes}},
            plots={"uncertainty": reporting.uncertainty_plot(table["uncertainty"].to_numpy(), gate.threshold)},
        )

    return proposals


def _neighbour_classes(
    runtime: CorpusRuntime, step_run: StepRun, x: "NDArray[np.float32]"
) -> "NDArray[np.int64] | None":
    """The second view of the difficulty: what the nearest answered samples are, hold-out and traps aside."""
    from data_engine.labeling import neighbour_classes

    reviewed = step_run.store.read("reviewed_labels", columns=["sample_id", "label", "purpose"])
    used = reviewed.filter(pc.invert(pc.is_in(reviewed["purpose"], pa.array(["hold_out", "trap"]))))
    rows = known_embeddings(step_run.store, used["sample_id"])
    numbers = {name: number for number, name in enumerate(runtime.corpus.class_names)}
    answered = [row for row in used.to_pylist() if row["sample_id"] in rows]
    if not answered:
        return None
    classes = np.array([numbers[row["label"]] for row in answered])
    return neighbour_classes(x, np.stack([rows[row["sample_id"]] for row in answered]), classes)


def _thresholds(runtime: CorpusRuntime, table: pa.Table, of_classifier: float | None) -> list[float | None]:
    """What each probability was held against: the classifier's gate, or the precision that another decider promises."""
    settings = runtime.corpus.labels
    routes = table["route"].to_pylist()
    return [of_classifier if name in ("classifier", "person") else settings.target_of(name) for name in routes]


def _rules_opinion(runtime: CorpusRuntime, step_run: StepRun, ids: list[str]) -> "dict[str, Opinion]":
    """What the label rules of the corpus say of the samples, certified on the hold-out; nothing where it has none."""
    from data_engine.labeling.deciders.label_rules import label_rules, rules_opinion
    from data_engine.labeling.deciders.registry import RULES

    settings = runtime.corpus.labels
    decider = settings.decider(RULES)
    if decider is None:
        return {}
    reviewed = step_run.store.read("reviewed_labels")
    held_out = reviewed.filter(pc.equal(reviewed["purpose"], "hold_out"))["sample_id"].to_pylist()
    wanted = {"sample_id": pa.array(sorted({*ids, *held_out}), pa.string())}
    table = step_run.store.read("raw_index", columns=["sample_id", "text"], among=wanted)
    texts = dict(zip(table["sample_id"].to_pylist(), table["text"].to_pylist(), strict=True))
    classes = runtime.corpus.class_names
    return {
        RULES: rules_opinion(
            label_rules(decider.patterns, classes),
            [texts.get(sample_id) for sample_id in ids],
            reviewed,
            {sample_id: texts[sample_id] for sample_id in held_out if sample_id in texts},
            classes,
            target_precision=settings.target_of(RULES),
            confidence=settings.confidence,
        )
    }
