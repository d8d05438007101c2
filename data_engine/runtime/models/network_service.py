"""Networks for masks as people use them: putting one into service by hand, undoing that, writing one as a file.

How one is trained, and which takes over by itself, is in `mask_networks.py`.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from data_engine.errors import InvalidInput
from data_engine.runtime.models.mask_networks import (
    NetworkRow,
    network_versions,
    segmenter_in_service,
    served_versions,
)
from data_engine.runtime.models.promotions import (
    PROMOTE_NETWORK,
    ROLLBACK_NETWORK,
    HandPromotion,
    decide,
    hand_promotions,
    in_force,
    undone,
)

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime

_RUN_ID = "models"


def is_network(start: str) -> bool:
    """Whether this is a version of a network, or how one begins."""
    return start.startswith("mask-")


def find_network(runtime: "CorpusRuntime", start: str) -> NetworkRow:
    """The one network whose version begins like this; of a version that was trained again, the newest.

    Raises: InvalidInput listing the versions there are, or saying that there is none yet.
    """
    known = {row["network_version"]: row for row in network_versions(runtime)}
    found = [row for version, row in known.items() if version.startswith(start)]
    if not known:
        name = runtime.corpus.name
        raise InvalidInput(f"the corpus {name} has no network yet; data-engine models train-masks --corpus {name}")
    if len(found) != 1:
        which = "no network begins" if not found else f"{len(found)} networks begin"
        raise InvalidInput(f"{which} with {start!r}; the corpus {runtime.corpus.name} has {', '.join(known)}")
    return found[0]


def promote_network(runtime: "CorpusRuntime", start: str, *, by: str, why: str, now: datetime) -> HandPromotion:
    """Let a network predict masks on the review page until a rollback, whatever was measured of it.

    Args:
        runtime: The corpus.
        start: The version, or how it begins.
        by: Who decides.
        why: In a sentence.
        now: The time.

    Raises: InvalidInput for no reason, an unknown network, or one that is in service by hand already.
    """
    version = find_network(runtime, start)["network_version"]
    held = in_force(hand_promotions(runtime.store(), of_networks=True))
    if held is not None and held.classifier_version == version:
        raise InvalidInput(
            f"{version} is in service by hand already; data-engine models rollback --network undoes that"
        )
    return _decide(runtime, PROMOTE_NETWORK, version, by=by, why=why, now=now)


def rollback_network(runtime: "CorpusRuntime", *, by: str, why: str, now: datetime) -> HandPromotion:
    """Undo the last promotion of a network; where there is none, put back what predicted masks before the network.

    Args:
        runtime: The corpus.
        by: Who decides.
        why: In a sentence.
        now: The time.

    Raises: InvalidInput for no reason, or where no network is in service.
    """
    decided = hand_promotions(runtime.store(), of_networks=True)
    if in_force(decided) is not None:
        after = undone(decided, by=by, why=why, now=now)
        version = None if after is None else after.classifier_version
        return _decide(runtime, ROLLBACK_NETWORK, version, by=by, why=why, now=now)
    served = served_versions(_named(runtime), network_versions(runtime))
    if len(served) == 1:
        raise InvalidInput(
            f"no network of {runtime.corpus.name} is in service: masks are predicted by {served[0]}, which the YAML "
            "names in labels.segmenter; name another there"
        )
    return _decide(runtime, ROLLBACK_NETWORK, served[-2], by=by, why=why, now=now)


def export_network(runtime: "CorpusRuntime", start: str, path: Path) -> NetworkRow:
    """Write a network as a file in the ONNX format, whole or not at all; returns its row.

    Raises: InvalidInput for an unknown network; SourceMissing where the package onnx is not installed.
    """
    from data_engine.labeling.objects.mask_files import network_bytes
    from data_engine.segmentation.predictors.network import network_from_bytes
    from data_engine.storage.atomic_files import write_bytes

    row = find_network(runtime, start)
    write_bytes(path, network_bytes(network_from_bytes(row["artefact"]), told={"corpus": runtime.corpus.name}))
    return row


def _named(runtime: "CorpusRuntime") -> str:
    from data_engine.segmentation import load_segmenter

    return load_segmenter(runtime.corpus.labels.segmenter).version


def _decide(
    runtime: "CorpusRuntime", action: str, version: str | None, *, by: str, why: str, now: datetime
) -> HandPromotion:
    replaced = segmenter_in_service(runtime).version
    return decide(runtime.store(), action, version, replaced=replaced, by=by, why=why, now=now, run_id=_RUN_ID)
