"""The networks for masks of a corpus that asks for objects: its versions, which is in service, and a new one.

How one is trained and compared is in `data_engine.labeling.objects.mask_network`.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from data_engine.errors import InvalidInput
from data_engine.runtime.check_gate import accepted_tables
from data_engine.runtime.models.promotions import hand_promotions, in_force
from data_engine.runtime.versions import fingerprint
from data_engine.schemas import MASK_NETWORKS

if TYPE_CHECKING:
    from data_engine.runtime.accepted_tables import AcceptedTables
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.segmentation import Segmenter
    from data_engine.segmentation.predictors.network import Reviewed

NetworkRow = dict[str, Any]
TABLE = "mask_networks"
_RUN_ID = "mask networks"
#: Of the objects that the newest network learnt from; with these a new one is trained.
_MORE = 1.2
#: Thinner objects have no four ends that differ.
_FEWEST_PX = 12


def segmenter_in_service(runtime: "CorpusRuntime") -> "Segmenter":
    """What predicts masks: the newest network that took over, else the segmenter that the YAML names.

    A network stays in service as long as the YAML names what it was held against; what a person put into service stays
    until a rollback.
    """
    from data_engine.segmentation import load_segmenter
    from data_engine.segmentation.predictors.network import network_from_bytes
    from data_engine.segmentation.registry import segmenter_of_network

    named = load_segmenter(runtime.corpus.labels.segmenter)
    held = in_force(hand_promotions(runtime.store(), of_networks=True))
    rows = network_versions(runtime)
    chosen = served_versions(named.version, rows)[-1] if held is None else held.classifier_version
    row = next((row for row in rows if row["network_version"] == chosen), None)
    return named if row is None else segmenter_of_network(network_from_bytes(row["artefact"]))


def network_versions(runtime: "CorpusRuntime") -> list[NetworkRow]:
    """Every network, the newest last, as rows of the schema MASK_NETWORKS."""
    rows: list[NetworkRow] = runtime.store().read(TABLE).sort_by("number").to_pylist()
    return rows


def served_versions(named: str, rows: Sequence[NetworkRow]) -> list[str]:
    """What was in service by itself in turn: the version that the YAML names, then each network that took over."""
    served = [named]
    for row in rows:
        if row["took_over"] and row["against"] in served:
            served = [*(each for each in served if each != row["network_version"]), row["network_version"]]
    return served


def why_train(runtime: "CorpusRuntime") -> tuple[str, str | None]:
    """Reason to train a network, and the version of its evidence; (reason to wait, None) otherwise.

    The first is trained once there are enough objects, each further one once there are a fifth more than the newest
    learnt from.
    """
    from data_engine.labeling.objects.mask_network import FEWEST_HELD_OUT, FEWEST_TRAINING

    tables = accepted_tables(runtime, run_id=_RUN_ID)
    labels = tables.read("labels", columns=["sample_id", "answer", "n_annotations"]).to_pylist()
    purposes = tables.read("reviewed_labels", columns=["sample_id", "purpose"]).to_pylist()
    held = {row["sample_id"] for row in purposes if row["purpose"] == "hold_out"}
    counts = {False: 0, True: 0}
    for row in labels:
        if row["n_annotations"]:
            counts[row["sample_id"] in held] += len(json.loads(row["answer"])["objects"])
    known = network_versions(runtime)
    needed = max(FEWEST_TRAINING, ceil(_MORE * known[-1]["n_training"])) if known else FEWEST_TRAINING
    said = f"{counts[False]} reviewed objects outside the hold-out and {counts[True]} of it"
    if counts[False] < needed or counts[True] < FEWEST_HELD_OUT:
        return f"{said} are there; {needed} and {FEWEST_HELD_OUT} are needed for the next network", None
    return said, f"{len(known)}:{counts[False]}"


def train_mask_network(runtime: "CorpusRuntime", *, now: datetime) -> tuple[bool, str]:
    """Train a network on the agreed objects outside the hold-out, and keep it; it takes over where it is better.

    Args:
        runtime: A corpus that asks for objects.
        now: The time.

    Returns: whether it took over, and what was compared, in a sentence.

    Raises: InvalidInput for a corpus of another kind; NotEnoughData for too few objects; ContentMissing for an image
        that is gone.
    """
    from data_engine.labeling.objects.mask_network import train_masks

    corpus = runtime.corpus
    if not corpus.asks_for_objects:
        raise InvalidInput(f"corpus {corpus.name} asks for classes, whose model is trained by data-engine run")
    tables = accepted_tables(runtime, run_id=_RUN_ID)
    training, held_out, n_simulated, version = _reviewed_objects(runtime, tables)
    earlier = runtime.store().read(TABLE)
    in_service = segmenter_in_service(runtime)
    trained = train_masks(training, held_out, in_service=in_service, seed=corpus.seed_for("mask network"))
    row = {
        "number": earlier.num_rows + 1,
        "network_version": trained.network.version,
        "trained_at": now,
        "n_training": len(training),
        "n_held_out": len(held_out),
        "n_simulated": n_simulated,
        "iou": float(trained.ious.mean()),
        "against": in_service.version,
        "iou_against": float(trained.ious_in_service.mean()),
        "low": trained.low,
        "high": trained.high,
        "took_over": bool(trained.comparison),
        "objects_version": version,
        "artefact": trained.network.to_bytes(),
    }
    rows = pa.concat_tables([earlier, pa.Table.from_pylist([row], schema=MASK_NETWORKS)])
    runtime.store().write(TABLE, rows, run_id=_RUN_ID, code_version="1")
    return bool(trained.comparison), trained.comparison.reason


def _reviewed_objects(
    runtime: "CorpusRuntime", tables: "AcceptedTables"
) -> "tuple[list[Reviewed], list[Reviewed], int, str]":
    """Objects to train on, those of the hold-out, how many are simulated, and a fingerprint of all."""
    from data_engine.labeling.answers.object_consensus import masks_of
    from data_engine.runtime.media import whole_images
    from data_engine.segmentation.predictors.network import Reviewed

    agreed = {row["sample_id"]: row for row in tables.read("labels").to_pylist() if row["n_annotations"]}
    purposes = tables.read("reviewed_labels", columns=["sample_id", "purpose"]).to_pylist()
    hold_out = {row["sample_id"] for row in purposes if row["purpose"] == "hold_out"}
    ids = pa.array(sorted(agreed), pa.string())
    raw = tables.read("raw_index", among={"sample_id": ids})
    training: list[Reviewed] = []
    held_out: list[Reviewed] = []
    n_simulated = 0
    for sample_id, image in _in_order(whole_images(runtime, raw)):
        row = agreed[sample_id]
        masks = [one.mask for one in masks_of(row["answer"])]
        found = [Reviewed(image, mask) for mask in masks if np.count_nonzero(mask) >= _FEWEST_PX]
        (held_out if sample_id in hold_out else training).extend(found)
        n_simulated += len(found) if row["provenance"] == "simulated" else 0
    version = fingerprint({key: json.dumps([row["answer"], key in hold_out]) for key, row in sorted(agreed.items())})
    return training, held_out, n_simulated, version


def _in_order(images: Any) -> list[tuple[str, Any]]:
    return sorted(images, key=lambda pair: str(pair[0]))
