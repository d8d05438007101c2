"""The tasks of a review batch about objects: whom `object_rounds` asks about, with what the tables say.

Rounds of both kinds are opened in `data_engine.runtime.review_rounds`.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from data_engine.labeling.rounds import hashed
from data_engine.runtime.accepted_tables import AcceptedTables
from data_engine.runtime.made_from.doubtful_labels import doubted_samples
from data_engine.runtime.made_from.label_history import classes_without_help
from data_engine.runtime.objects.object_rounds import NOTHING

if TYPE_CHECKING:
    from data_engine.corpus.labels import Labels
    from data_engine.labeling import PlannedTask
    from data_engine.labeling.inputs import Floats
    from data_engine.runtime.check_gate import CheckGate
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.runtime.objects.object_rounds import ObjectProposal
    from data_engine.runtime.versions import StepVersion


def planned_objects(
    runtime: "CorpusRuntime",
    tables: AcceptedTables,
    ids: Sequence[str],
    embeddings: "Floats",
    *,
    hold_out_ids: Collection[str],
    settings: "Labels",
    round_number: int,
    with_proposals: bool,
) -> "tuple[PlannedTask, ...]":
    """What the next review batch asks of the images of the subset.

    Args:
        runtime: The corpus.
        tables: Answers and proposals.
        ids: The images of the subset.
        embeddings: (n, dim) of these.
        hold_out_ids: Images of the hold-out.
        settings: The block `labels`, with the sizes of this batch.
        round_number: Part of every draw.
        with_proposals: Whether what is proposed may be shown.
    """
    from data_engine.runtime.objects.carried_masks import carried_answers, with_carried
    from data_engine.runtime.objects.object_rounds import plan_object_batch

    answers = tables.read("reviewed_labels")
    rows = answers.select(["sample_id", "purpose", "arm", "answer"]).to_pylist()
    reviewed = {row["sample_id"]: row["answer"] for row in rows if "trap" not in (row["purpose"], row["arm"])}
    proposals = object_proposals(tables) if with_proposals else {}
    seed = runtime.corpus.seed_for("review", round_number)
    doubted = doubted_samples(runtime, tables)
    planned = plan_object_batch(
        round_number=round_number,
        sample_ids=ids,
        embeddings=embeddings,
        proposals=proposals,
        reviewed=reviewed,
        hold_out_ids=hold_out_ids,
        control_ids={row["sample_id"] for row in rows if row["purpose"] == "control"},
        settings=settings,
        classes=runtime.corpus.class_names,
        seed=seed,
        doubted=[*doubted, *(each for each in seen_only_with_help(rows, seed=seed) if each not in doubted)],
        without_help=classes_without_help(runtime, answers),
    )
    if not with_proposals:
        return planned
    asked = {task.sample_id for task in planned}
    return with_carried(planned, carried_answers(runtime, tables, asked, reviewed), proposals, seed=seed)


def seen_only_with_help(reviewed: "Sequence[Mapping[str, Any]]", *, seed: int) -> list[str]:
    """Images that people answered with a proposal before their eyes and never without, in an order drawn at random.

    Asked about again without it, they tell what the proposal did to the answer: the second stage stands on that.

    Args:
        reviewed: rows of `schemas.REVIEWED_LABELS`, of which `sample_id`, `purpose` and `arm` are read.
        seed: of the order.
    """
    by_help: dict[bool, set[str]] = {True: set(), False: set()}
    for row in reviewed:
        if row["purpose"] != "trap":
            by_help[row["arm"] in ("assisted", "proposed")].add(row["sample_id"])
    return sorted(by_help[True] - by_help[False], key=lambda sample_id: hashed(seed, sample_id))


def object_proposals(tables: AcceptedTables) -> "dict[str, ObjectProposal]":
    """What is proposed of each image; images are left out of which nothing is proposed."""
    from data_engine.runtime.objects.object_rounds import ObjectProposal

    rows = tables.read("proposals", columns=["sample_id", "answer", "probability", "route", "reason"]).to_pylist()
    return {
        row["sample_id"]: ObjectProposal(row["answer"], row["probability"], row["route"] != "person")
        for row in rows
        if NOTHING not in row["reason"]
    }


def why_not_learnt(runtime: "CorpusRuntime") -> str:
    """Why nothing can be learnt of objects yet; empty where it can, or where the corpus asks for classes."""
    from data_engine.labeling.objects.object_model import LEAST_OBJECTS
    from data_engine.runtime.check_gate import accepted_tables

    if not runtime.corpus.asks_for_objects:
        return ""
    rows = accepted_tables(runtime, run_id="plan").read("reviewed_labels", columns=["sample_id", "purpose", "answer"])
    held = {row["sample_id"] for row in rows.to_pylist() if row["purpose"] == "hold_out"}
    answers = {row["sample_id"]: row["answer"] for row in rows.to_pylist() if row["purpose"] != "trap"}
    n = sum(len(json.loads(answer)["objects"]) for key, answer in answers.items() if key not in held)
    if n >= LEAST_OBJECTS:
        return ""
    return f"of {LEAST_OBJECTS} reviewed objects outside the hold-out {n} are there, so nothing is proposed yet"


def images_to_ask(gate: "CheckGate", subset: "StepVersion", n_batches: int) -> tuple[str, str | None]:
    """Why the next review batch opens, or why not; see `review_rounds.why_open`.

    Before there are proposals of objects, rounds follow each other while images of the subset have no answer.
    """
    answered = AcceptedTables(gate.store, gate).read("reviewed_labels", columns=["sample_id"])["sample_id"].to_pylist()
    n_left = subset.n_rows - len(set(answered))
    if n_left <= 0:
        return "every image of the subset has an answer", None
    return f"{n_left:,} images of the subset have no answer yet", f"images:{subset.data_version}:{n_batches}"
