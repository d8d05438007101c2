"""raw_index: what is there - one row per raw sample, read from the source."""

import dagster as dg
import pyarrow.compute as pc
from pydantic import Field

from data_engine.orchestration.ui.montages import montage_of_batch
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.source_listing import batch_files
from data_engine.runtime.step_run import StepRun
from data_engine.storage.ledger import ledger_rows


def raw_index(runtime: CorpusRuntime) -> dg.AssetsDefinition:
    """The raw index of a corpus, one partition per ingestion batch."""

    class RawIndexConfig(dg.Config):
        max_sample_bytes: int = Field(
            default=runtime.corpus.source.max_sample_bytes, ge=1, description="Largest sample that is read, in bytes."
        )

    @dg.asset(
        **runtime.asset(
            "raw_index",
            description="One row per raw sample: id (hash of its content), uri, bytes, type, arrival, metadata. "
            "Samples that cannot be read keep their row, with the error.",
            kinds=("python",),
        )
    )
    def raw_index(context: dg.AssetExecutionContext, config: RawIndexConfig) -> dg.MaterializeResult:
        from data_engine import indexing

        step_run = StepRun.begin(runtime, context, "raw_index")
        source = runtime.corpus.source.model_validate({**runtime.corpus.source.model_dump(), **config.model_dump()})
        files = batch_files(runtime, step_run.batch)
        step_run.inputs["files"] = indexing.fingerprint(files)
        table = indexing.read_batch(
            source,
            files,
            batch=step_run.batch,
            modality=runtime.corpus.modality,
            progress=step_run.progress_to("reading", len(files)),
        )
        unreadable = table.filter(pc.invert(table["is_readable"]))
        return step_run.finish(
            table,
            ledger=ledger_rows(
                table["sample_id"],
                verdict=pc.if_else(table["is_readable"], "read", "unreadable"),
                reason=pc.coalesce(table["error"], table["uri"]),
            ),
            metadata={"files": len(files), "unreadable": unreadable.num_rows},
            plots=montage_of_batch(runtime, table),
        )

    return raw_index
