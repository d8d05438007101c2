"""release: a frozen, documented version of the subset with its labels - Parquet, JSONL, manifest and data card."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.orchestration.bench import Bench
from data_engine.orchestration.pictures import released_pictures
from data_engine.orchestration.tables_io import Work, decisions, step_versions

#: Tables whose versions a release stands on; they are pinned, so that cleaning up never deletes them.
STANDS_ON = ("raw_index", "first_pass", "embeddings", "cluster_tree", "tree_assignments", "balanced_subset", "labels")


def release(bench: Bench) -> dg.AssetsDefinition:
    """The newest release of a corpus."""

    @dg.asset(
        **bench.asset(
            "release",
            description="The labelled samples that are in scope, frozen under a fingerprint of the rows: Parquet, "
            "JSONL, a manifest of table versions and hashes, a data card; of pictures, also the pictures themselves.",
            deps=["labels", "balanced_subset", "quality_report"],
            kinds=("parquet",),
        )
    )
    def release(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from data_engine import releasing, reporting, storage

        work = Work.begin(bench, context, "release")
        labels, subset = work.read("labels"), work.read("balanced_subset")
        raw, masked = _contents(bench, work, labels)
        rows = releasing.release_rows(labels, subset, raw, out_of_scope=bench.corpus.labels.out_of_scope)
        manifest = _manifest(bench, work, rows)
        card = reporting.data_card(bench.corpus, rows, work.store.read("quality_report"), manifest)
        folder = bench.corpus_folder / "releases" / manifest["release_id"]
        pictures = released_pictures(bench, raw, rows["sample_id"].to_pylist())
        hashes = storage.write_release(folder, rows, manifest, card, pictures=pictures)
        storage.pin(bench.data_folder, bench.corpus.name, manifest["release_id"], manifest["table_versions"])
        return work.finish(
            rows,
            ledger=_ledger(labels, rows, manifest["release_id"], masked),
            metadata={"release": manifest["release_id"], "folder": str(folder), **hashes},
        )

    return release


def _contents(bench: Bench, work: Work, labels: pa.Table) -> tuple[pa.Table, dict[str, str]]:
    """The labelled raw samples, and by sample_id what was masked in them."""
    from data_engine import releasing

    raw = work.store.read("raw_index", among={"sample_id": labels["sample_id"].combine_chunks()})
    return releasing.mask_personal(raw) if bench.corpus.release.pii == "mask" else (raw, {})


def _manifest(bench: Bench, work: Work, rows: pa.Table) -> dict[str, Any]:
    """What the release stands on: configuration, table versions, and what every step wrote."""
    from data_engine.releasing import release_fingerprint

    versions = step_versions(work.store)
    return {
        "release_id": release_fingerprint(rows),
        "corpus": bench.corpus.name,
        "n_samples": rows.num_rows,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "run_id": work.run_id,
        "configuration": bench.corpus.model_dump(mode="json"),
        "table_versions": {name: work.store.version(name) for name in STANDS_ON},
        "data_versions": {
            f"{step}/{batch}".rstrip("/"): v.data_version for (step, batch), v in sorted(versions.items())
        },
    }


def _ledger(labels: pa.Table, rows: pa.Table, release_id: str, masked: dict[str, str]) -> pa.Table:
    sample_ids = labels["sample_id"].to_pylist()
    notes = [f"release {release_id}" + (f", masked {masked[i]}" if i in masked else "") for i in sample_ids]
    released = pc.is_in(labels["sample_id"], rows["sample_id"].combine_chunks())
    return decisions(
        labels["sample_id"],
        verdict=pc.if_else(released, "released", "not_released"),
        reason=pc.if_else(released, pa.array(notes, pa.string()), "out of scope"),
        score=labels["posterior"],
    )
