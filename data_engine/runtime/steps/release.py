"""release: a frozen, documented version of the subset with its labels - Parquet, JSONL, manifest and data card."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.media import released_images
from data_engine.runtime.step_run import StepRun
from data_engine.runtime.versions import step_versions
from data_engine.storage.ledger import ledger_rows

#: Tables whose versions a release stands on; they are pinned, so that cleaning up never deletes them.
STANDS_ON = ("raw_index", "first_pass", "embeddings", "cluster_tree", "tree_assignments", "balanced_subset", "labels")


def release(runtime: CorpusRuntime) -> dg.AssetsDefinition:
    """The newest release of a corpus."""

    @dg.asset(
        **runtime.asset(
            "release",
            description="The labelled samples that are in scope, frozen under a fingerprint of the rows: Parquet, "
            "JSONL, a manifest of table versions and hashes, a data card; of images, also the images themselves.",
            deps=["labels", "balanced_subset", "quality_report"],
            kinds=("parquet",),
        )
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from data_engine import releasing, storage

        step_run = StepRun.begin(runtime, context, "release")
        labels, subset = step_run.read("labels"), step_run.read("balanced_subset")
        raw, masked = _contents(runtime, step_run, labels)
        rows = releasing.release_rows(labels, subset, raw, out_of_scope=runtime.corpus.labels.out_of_scope)
        manifest = _manifest(runtime, step_run, rows)
        card = releasing.data_card(runtime.corpus, rows, step_run.store.read("quality_report"), manifest)
        folder = runtime.corpus_folder / "releases" / manifest["release_id"]
        images = released_images(runtime, raw, rows["sample_id"].to_pylist())
        hashes = releasing.write_release(
            folder, rows, manifest, card, images=images, formats=runtime.corpus.release.formats
        )
        storage.pin(runtime.data_folder, runtime.corpus.name, manifest["release_id"], manifest["table_versions"])
        return step_run.finish(
            rows,
            ledger=_ledger(labels, rows, manifest["release_id"], masked),
            metadata={"release": manifest["release_id"], "folder": str(folder), **hashes},
        )

    return release


def _contents(runtime: CorpusRuntime, step_run: StepRun, labels: pa.Table) -> tuple[pa.Table, dict[str, str]]:
    """The labelled raw samples, and by sample_id what was masked in them."""
    from data_engine import releasing

    raw = step_run.store.read("raw_index", among={"sample_id": labels["sample_id"].combine_chunks()})
    return releasing.mask_personal(raw) if runtime.corpus.release.pii == "mask" else (raw, {})


def _manifest(runtime: CorpusRuntime, step_run: StepRun, rows: pa.Table) -> dict[str, Any]:
    """What the release stands on: configuration, table versions, and what every step wrote."""
    from data_engine.releasing import release_fingerprint

    versions = step_versions(step_run.store)
    return {
        "release_id": release_fingerprint(rows),
        "corpus": runtime.corpus.name,
        "n_samples": rows.num_rows,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_id": step_run.run_id,
        "configuration": runtime.corpus.model_dump(mode="json"),
        "table_versions": {name: step_run.store.version(name) for name in STANDS_ON},
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
