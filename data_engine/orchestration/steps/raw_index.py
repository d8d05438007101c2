"""raw_index: what is there - one row per raw sample, read from the source."""

import dagster as dg
import pyarrow.compute as pc
from pydantic import Field

from data_engine.orchestration.bench import Bench
from data_engine.orchestration.listing import batch_files
from data_engine.orchestration.montages import montage_of_batch
from data_engine.orchestration.tables_io import Work, decisions


def raw_index(bench: Bench) -> dg.AssetsDefinition:
    """The raw index of a corpus, one partition per ingestion batch."""

    class RawIndexConfig(dg.Config):
        max_sample_bytes: int = Field(
            default=bench.corpus.source.max_sample_bytes, ge=1, description="Largest sample that is read, in bytes."
        )

    @dg.asset(
        **bench.asset(
            "raw_index",
            description="One row per raw sample: id (hash of its content), uri, bytes, type, arrival, metadata. "
            "Samples that cannot be read keep their row, with the error.",
            kinds=("python",),
        )
    )
    def raw_index(context: dg.AssetExecutionContext, config: RawIndexConfig) -> dg.MaterializeResult:
        from data_engine import indexing

        work = Work.begin(bench, context, "raw_index")
        source = bench.corpus.source.model_validate({**bench.corpus.source.model_dump(), **config.model_dump()})
        files = batch_files(bench, work.batch)
        work.inputs["files"] = indexing.fingerprint(files)
        table = indexing.read_batch(
            source,
            files,
            batch=work.batch,
            modality=bench.corpus.modality,
            progress=work.progress_to("reading", len(files)),
        )
        unreadable = table.filter(pc.invert(table["is_readable"]))
        return work.finish(
            table,
            ledger=decisions(
                table["sample_id"],
                verdict=pc.if_else(table["is_readable"], "read", "unreadable"),
                reason=pc.coalesce(table["error"], table["uri"]),
            ),
            metadata={"files": len(files), "unreadable": unreadable.num_rows},
            plots=montage_of_batch(bench, table),
        )

    return raw_index
