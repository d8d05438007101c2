"""Children of answered images: those that a review batch asks about, and the embeddings of all that were answered.

What a child is is in `data_engine.images.children`; which ones are asked about in `labeling.strategies.synthesis`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from data_engine.runtime.check_gate import CheckGate
from data_engine.runtime.made_from.encoders import EncoderUsed, refuse_another
from data_engine.runtime.made_from.given_labels import Read
from data_engine.runtime.media import load_items
from data_engine.schemas.child_ids import CHANGES, child_id, parent_and_change

if TYPE_CHECKING:
    from data_engine.labeling import PlannedTask
    from data_engine.labeling.inputs import Floats
    from data_engine.review import NewTask
    from data_engine.runtime.accepted_tables import AcceptedTables
    from data_engine.runtime.corpus_runtime import CorpusRuntime

SYNTHESISED = "synthesised"
"""The purpose of a task about a child."""

_PARENTS_PER_CHILD = 5
_PARENT_PURPOSES = ("query", "control", "audit", "doubtful", "arriving", "drifted")


def child_embeddings(
    runtime: "CorpusRuntime", read: Read, children: Iterable[str], vectors: EncoderUsed
) -> "dict[str, Floats]":
    """The embeddings of children by id, each computed once; without those whose parent is gone or cannot be read.

    Args:
        runtime: The corpus, whose source has the parents.
        read: Reads the raw index.
        children: Ids of children.
        vectors: The encoder of the vectors that they meet.

    Raises: ChecksFailed where the encoder of now is another one; SourceMissing where it cannot be loaded.
    """
    from data_engine.embedding import embed_unique
    from data_engine.runtime.embeddings import ready_encoder

    made = {child: parent_and_change(child) for child in sorted(set(children))}
    among = {"sample_id": pa.array(sorted({parent for parent, _ in made.values()}), pa.string())}
    rows = read("raw_index", columns=["sample_id", "uri", "metadata"], among=among) if made else None
    if rows is None or rows.num_rows == 0:
        return {}
    first: dict[str, int] = {}
    for place, parent in enumerate(rows["sample_id"].to_pylist()):
        first.setdefault(parent, place)
    ids = [child for child, (parent, _) in made.items() if parent in first]
    encoder = ready_encoder(runtime.corpus)
    refuse_another("a child of an image", encoder.version, vectors)
    raw = rows.take(pa.array([first[made[child][0]] for child in ids], pa.int64()))
    load = load_items(runtime, raw, encoder.max_side_px, changes=[made[child][1] for child in ids])
    found = embed_unique(ids, load, encoder, runtime.store().embedding_cache(encoder.version, encoder.dim))
    return {child: found.rows[place] for place, child in enumerate(ids) if place not in found.failures}


def answered_children(reviewed: pa.Table) -> list[str]:
    """The children that were answered, none whose parent is in the hold-out: they would teach what is held out."""
    rows = reviewed.select(["sample_id", "purpose"]).to_pylist()
    held = {row["sample_id"] for row in rows if row["purpose"] == "hold_out"}
    children = {row["sample_id"] for row in rows if row["purpose"] == SYNTHESISED}
    return sorted(child for child in children if parent_and_change(child)[0] not in held)


def synthesised_tasks(
    runtime: "CorpusRuntime", tables: "AcceptedTables", planned: "Sequence[PlannedTask]", *, round_number: int
) -> "list[NewTask]":
    """Tasks about children of answered images at which the classifier in service departs most from the answer.

    Of a random part of the answered images, five for each child wanted, every child is looked at that nobody was asked
    about. Nothing is proposed: what is asked is whether the answer outlives the change.

    Args:
        runtime: The corpus; `labels.synthesised_share` of the query tasks says how many are wanted.
        tables: Answers, classifiers and the raw index.
        planned: What the review batch asks about already; children of these images wait for another one.
        round_number: Part of the random draw.

    Returns: tasks, fewer where there are fewer answered images; none before a classifier is in service.
    """
    from data_engine.labeling import load_model, row_in_service

    share = runtime.corpus.labels.synthesised_share
    n_wanted = ceil(share * sum(task.purpose == "query" for task in planned))
    vectors = CheckGate(runtime, runtime.store(), "review").encoder_in_use()
    row = row_in_service(tables.read("classifier")) if n_wanted else None
    if row is None or row["encoder_version"] != vectors.version:
        return []
    reviewed = tables.read("reviewed_labels", columns=["sample_id", "purpose", "label"])
    class_of = _parents(reviewed, runtime.corpus.class_names, without={task.sample_id for task in planned})
    generator = np.random.default_rng(runtime.corpus.seed_for("children", round_number))
    looked_at = generator.permutation(sorted(class_of))[: _PARENTS_PER_CHILD * n_wanted].tolist()
    asked = set(reviewed["sample_id"].to_pylist())
    every = {child_id(parent, change): parent for parent in looked_at for change in CHANGES}
    rows = child_embeddings(runtime, tables.read, every.keys() - asked, vectors)
    if not rows:
        return []
    probabilities = load_model(row["artefact"]).predict_proba(np.stack(list(rows.values())))
    parents = [every[child] for child in rows]
    chosen = _chosen(list(rows), parents, probabilities, [class_of[parent] for parent in parents], n_wanted)
    return _tasks(tables, {child: every[child] for child in chosen})


def _chosen(
    children: list[str], parents: list[str], probabilities: "Floats", classes: list[int], n_wanted: int
) -> list[str]:
    from data_engine.labeling.strategies.synthesis import departure, pick_children

    utilities = departure(probabilities, np.array(classes, dtype=np.int64))
    _, numbers = np.unique(parents, return_inverse=True)
    return [children[place] for place in pick_children(numbers, utilities, n_wanted)]


def _tasks(tables: "AcceptedTables", parent_of: Mapping[str, str]) -> "list[NewTask]":
    """A task for each child; where its parent is from is said as the uri, with the change."""
    from data_engine.review import NewTask

    among = {"sample_id": pa.array(sorted(set(parent_of.values())), pa.string())}
    rows = tables.read("raw_index", columns=["sample_id", "uri"], among=among).to_pylist()
    uris = {row["sample_id"]: row["uri"] for row in reversed(rows)}
    found = []
    for child, parent in parent_of.items():
        payload = {"uri": child_id(uris[parent], parent_and_change(child)[1]), "text": ""}
        found.append(NewTask(child, SYNTHESISED, "manual", payload=payload, priority=1))
    return found


def _parents(reviewed: pa.Table, class_names: Sequence[str], without: Collection[str]) -> dict[str, int]:
    """The class numbers of the answered images that children may be made of; none of the hold-out."""
    numbers = {name: number for number, name in enumerate(class_names)}
    rows = reviewed.to_pylist()
    held = {row["sample_id"] for row in rows if row["purpose"] == "hold_out"} | set(without)
    return {
        row["sample_id"]: numbers[row["label"]]
        for row in rows
        if row["purpose"] in _PARENT_PURPOSES and row["label"] in numbers and row["sample_id"] not in held
    }
