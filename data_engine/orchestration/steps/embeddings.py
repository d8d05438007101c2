"""embeddings: what the kept samples mean, as unit vectors; each content is embedded once, whatever the corpus."""

from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data_engine.orchestration.bench import Bench
from data_engine.orchestration.tables_io import Work, decisions
from data_engine.schemas import EMBEDDINGS

if TYPE_CHECKING:
    from data_engine.embedding import Encoder


def embeddings(bench: Bench) -> dg.AssetsDefinition:
    """The embeddings of a corpus, one partition per ingestion batch."""

    @dg.asset(
        **bench.asset(
            "embeddings",
            description="One unit vector per kept content, cached by content hash and encoder version.",
            deps=["first_pass"],
            kinds=("pytorch",),
            pool=f"{bench.corpus.modality}_encoder",
        )
    )
    def embeddings(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        from data_engine.embedding import embed_unique

        work = Work.begin(bench, context, "embeddings")
        ids, texts = _kept_contents(work)
        encoder = encoder_of(bench.corpus.encoder)
        vectors, n_computed = embed_unique(
            ids,
            lambda positions: [texts[i] for i in positions],
            encoder,
            work.store.embedding_cache(encoder.version, encoder.dim),
            progress=work.progress("embedding", len(ids)),
        )
        return work.finish(
            _table(ids, work.batch, vectors, encoder.version),
            ledger=decisions(ids, verdict="embedded", reason="kept by the first pass", model_version=encoder.version),
            metadata={"encoder": encoder.version, "computed now": n_computed, "from the cache": len(ids) - n_computed},
        )

    return embeddings


def _kept_contents(work: Work) -> tuple[list[str], list[str]]:

    verdicts = work.read("first_pass", columns=["sample_id", "uri", "verdict"])
    raw = work.store.read("raw_index", partition={"batch": work.batch}, columns=["uri", "text"])
    kept = verdicts.filter(pc.equal(verdicts["verdict"], "kept")).join(raw, "uri").sort_by("uri")
    return kept["sample_id"].to_pylist(), kept["text"].to_pylist()


_LOADED: dict[str, "Encoder"] = {}


def encoder_of(name: str) -> "Encoder":
    """The encoder of that name, loaded once per process."""
    from data_engine.embedding import load_encoder

    if name not in _LOADED:
        _LOADED[name] = load_encoder(name)
    return _LOADED[name]


def _table(ids: list[str], batch: str, vectors: NDArray[np.float32], version: str) -> pa.Table:

    n = len(ids)
    columns = [
        pa.array(ids, pa.string()),
        pa.array([batch] * n, pa.string()),
        pa.array([row.tobytes() for row in vectors], pa.binary()),
        pa.array([vectors.shape[1]] * n, pa.int32()),
        pa.array([version] * n, pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=EMBEDDINGS)
