"""The model registry as people use it: listing versions, promoting one by hand, undoing that, writing one as a file.

Which version takes over by itself is decided in `registry_rows.py`.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data_engine.errors import InvalidInput
from data_engine.runtime.check_gate import CheckGate, accepted_tables
from data_engine.runtime.models.kinds_of_versions import class_names_of, is_of_masks
from data_engine.runtime.models.promotions import (
    PROMOTE,
    ROLLBACK,
    HandPromotion,
    decide,
    hand_promotions,
    in_force,
    undone,
)

if TYPE_CHECKING:
    import pyarrow as pa

    from data_engine.runtime.corpus_runtime import CorpusRuntime

#: A row of the schema CLASSIFIER.
VersionRow = dict[str, Any]
RUN_ID = "models"


def model_versions(runtime: "CorpusRuntime") -> "pa.Table":
    """Every version in the order of their rounds (schema CLASSIFIER), whatever the checks say of the newest."""
    return accepted_tables(runtime, run_id=RUN_ID, as_step="classifier").read("classifier")


def find_version(runtime: "CorpusRuntime", start: str) -> VersionRow:
    """The one version that begins like this.

    Raises: InvalidInput listing the versions there are, or saying that there is none yet.
    """
    rows = model_versions(runtime).to_pylist()
    found: list[VersionRow] = [row for row in rows if row["classifier_version"].startswith(start)]
    if not rows:
        raise InvalidInput(_none_yet(runtime))
    if len(found) != 1 or not start:
        known = ", ".join(row["classifier_version"] for row in rows)
        which = "no version begins" if not found else f"{len(found)} versions begin"
        raise InvalidInput(f"{which} with {start!r}; the corpus {runtime.corpus.name} has {known}")
    return found[0]


def version_in_service(runtime: "CorpusRuntime") -> str | None:
    """The version that proposals come from, as the last round left it; None before the first."""
    from data_engine.labeling import row_in_service

    row = row_in_service(model_versions(runtime))
    return None if row is None else str(row["classifier_version"])


def promote(runtime: "CorpusRuntime", start: str, *, by: str, why: str, now: datetime) -> HandPromotion:
    """Put a version into service by hand, from the next run on and until a rollback.

    Args:
        runtime: The corpus.
        start: The version, or how it begins.
        by: Who decides.
        why: In a sentence.
        now: The time.

    Raises: InvalidInput for no reason, an unknown version, one that is in service by hand already, or one that learnt
        from vectors of another encoder or knows other classes.
    """
    row, store = find_version(runtime, start), runtime.store()
    version = row["classifier_version"]
    decided = hand_promotions(store)
    held = in_force(decided)
    if held is not None and held.classifier_version == version:
        raise InvalidInput(f"version {version} is in service by hand already; data-engine models rollback undoes that")
    if unfit := _why_unfit(runtime, row):
        raise InvalidInput(f"version {version} cannot be promoted: {unfit}")
    return _decide(runtime, PROMOTE, version, by=by, why=why, now=now)


def rollback(runtime: "CorpusRuntime", *, by: str, why: str, now: datetime) -> HandPromotion:
    """Undo the last promotion by hand; where there is none, put the version back that was in service before.

    Args:
        runtime: The corpus.
        by: Who decides.
        why: In a sentence.
        now: The time.

    Raises: InvalidInput for no reason, or where nothing was in service before.
    """
    decided = hand_promotions(runtime.store())
    held = in_force(decided)
    if held is not None:
        after = undone(decided, by=by, why=why, now=now)
        return _decide(runtime, ROLLBACK, None if after is None else after.classifier_version, by=by, why=why, now=now)
    rows = model_versions(runtime).to_pylist()
    if not rows:
        raise InvalidInput(_none_yet(runtime))
    now_in_service = version_in_service(runtime)
    earlier = [
        row["classifier_version"]
        for row in rows
        if row["took_over"] and row["classifier_version"] != now_in_service and not _why_unfit(runtime, row)
    ]
    if not earlier:
        raise InvalidInput(
            f"no version that fits the vectors and classes of now was in service before {now_in_service or 'now'}"
            "; data-engine models list shows all, promote puts one into service"
        )
    return _decide(runtime, ROLLBACK, earlier[-1], by=by, why=why, now=now)


def why_void(runtime: "CorpusRuntime", held: HandPromotion) -> str:
    """Why a decision that is in force puts nothing into service; empty where it does."""
    rows = {row["classifier_version"]: row for row in model_versions(runtime).to_pylist()}
    row = rows.get(held.classifier_version)
    return "it is not in the registry; promote one that is" if row is None else _why_unfit(runtime, row)


def export(runtime: "CorpusRuntime", start: str, path: Path) -> VersionRow:
    """Write a version as a file in the ONNX format, whole or not at all; returns its row.

    Raises: InvalidInput for an unknown version; SourceMissing where the package onnx is not installed.
    """
    from data_engine.labeling import load_model
    from data_engine.labeling.models.onnx_file import onnx_bytes
    from data_engine.labeling.objects.mask_files import object_model_bytes
    from data_engine.labeling.objects.object_model import ObjectModel
    from data_engine.storage.atomic_files import write_bytes

    row = find_version(runtime, start)
    told = {"corpus": runtime.corpus.name, "encoder_version": row["encoder_version"] or ""}
    if is_of_masks(row):
        write_bytes(path, object_model_bytes(ObjectModel.from_bytes(row["artefact"]), told=told))
    else:
        write_bytes(path, onnx_bytes(load_model(row["artefact"]), told=told))
    return row


def _none_yet(runtime: "CorpusRuntime") -> str:
    name = runtime.corpus.name
    return f"the corpus {name} has no version yet; data-engine run {name} trains one on what is answered"


def _why_unfit(runtime: "CorpusRuntime", row: VersionRow) -> str:
    if is_of_masks(row) != runtime.corpus.asks_for_objects:
        return "it answers another kind of question than labels.kind now; promote one that was trained since"
    encoder = CheckGate(runtime, runtime.store(), RUN_ID, keeps_verdicts=False).encoder_in_use()
    if row["encoder_version"] != encoder.version:
        made = row["encoder_version"] or "an encoder that an earlier engine did not keep"
        return f"it learnt from vectors of {made}, and the embeddings are of {encoder.shown}; promote another"
    if class_names_of(row) != runtime.corpus.class_names:
        return "it knows other classes than labels.classes names now; promote one that was trained with these"
    return ""


def _decide(
    runtime: "CorpusRuntime", action: str, version: str | None, *, by: str, why: str, now: datetime
) -> HandPromotion:
    replaced = version_in_service(runtime)
    return decide(runtime.store(), action, version, replaced=replaced, by=by, why=why, now=now, run_id=RUN_ID)
