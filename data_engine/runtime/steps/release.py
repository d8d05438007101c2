"""release: a frozen, documented version of the subset with its labels: Parquet, JSONL, manifest and data card."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine import releasing, storage
from data_engine.runtime.media import released_images
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.storage.ledger import ledger_rows


def release(step_run: StepRun) -> StepResult:
    """Freeze the labelled samples that are in scope."""
    runtime, corpus = step_run.runtime, step_run.corpus
    labels, subset = step_run.read("labels"), step_run.read("balanced_subset")
    metrics = step_run.read("quality_report")
    raw, masked = _contents(step_run, subset.join(labels.select(["sample_id"]), "sample_id", join_type="left semi"))
    rows = releasing.release_rows(labels, subset, raw, out_of_scope=corpus.labels.out_of_scope)
    manifest = _manifest(step_run, rows)
    card = releasing.data_card(corpus, rows, metrics, manifest)
    folder = runtime.corpus_folder / "releases" / manifest["release_id"]
    images = released_images(runtime, raw, rows["sample_id"].to_pylist())
    is_anew = not (folder / "manifest.json").exists()
    hashes = releasing.write_release(folder, rows, manifest, card, images=images, formats=corpus.release.formats)
    storage.pin(runtime.data_folder, corpus.name, manifest["release_id"], manifest["table_versions"], is_anew=is_anew)
    return step_run.finish(
        rows,
        ledger=_ledger(labels, rows, manifest["release_id"], masked),
        metadata={"release": manifest["release_id"], "folder": str(folder), **hashes},
    )


def _contents(step_run: StepRun, labelled: pa.Table) -> tuple[pa.Table, dict[str, str]]:
    """The labelled samples in the raw index of the batch that each was chosen from, and what was masked, by id."""
    raw = step_run.look_up("raw_index", among={"sample_id": labelled["sample_id"].combine_chunks()})
    places = labelled.select(["sample_id", "batch"])
    raw = raw.join(places, ["sample_id", "batch"], join_type="left semi").select(raw.column_names)
    releasing.refuse_other_contents(raw, step_run.corpus.name)
    return releasing.mask_personal(raw) if step_run.corpus.release.pii == "mask" else (raw, {})


def _manifest(step_run: StepRun, rows: pa.Table) -> dict[str, Any]:
    """The manifest: configuration, table versions, and the data version of every step."""
    versions = step_run.all_versions()
    return {
        "release_id": releasing.release_fingerprint(rows),
        "corpus": step_run.corpus.name,
        "n_samples": rows.num_rows,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_id": step_run.run_id,
        "configuration": step_run.corpus.shown(),
        "table_versions": step_run.pinned_versions(),
        "data_versions": {
            f"{step}/{batch}".rstrip("/"): v.data_version for (step, batch), v in sorted(versions.items())
        },
    }


def _ledger(labels: pa.Table, rows: pa.Table, release_id: str, masked: dict[str, str]) -> pa.Table:
    sample_ids = labels["sample_id"].to_pylist()
    notes = [f"release {release_id}" + (f", masked {masked[i]}" if i in masked else "") for i in sample_ids]
    released = pc.is_in(labels["sample_id"], rows["sample_id"].combine_chunks())
    return ledger_rows(
        labels["sample_id"],
        verdict=pc.if_else(released, "released", "not_released"),
        reason=pc.if_else(released, pa.array(notes, pa.string()), "out of scope"),
        score=labels["posterior"],
    )
