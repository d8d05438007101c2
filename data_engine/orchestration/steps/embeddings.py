"""embeddings: what the kept samples mean, as unit vectors; each content is embedded once, whatever the corpus."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.orchestration.bench import Bench
from data_engine.orchestration.pictures import load_pictures
from data_engine.orchestration.tables_io import Work, decisions
from data_engine.schemas import EMBEDDINGS

if TYPE_CHECKING:
    from data_engine.embedding import Embedded, Encoder

_REASON = "kept by the first pass"


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
        encoder = encoder_of(bench.corpus.encoder)
        ids, load = _kept_contents(bench, work, encoder)
        found = embed_unique(
            ids,
            load,
            encoder,
            work.store.embedding_cache(encoder.version, encoder.dim),
            progress=work.progress("embedding", len(ids)),
        )
        return work.finish(
            _table(ids, work.batch, found, encoder.version),
            ledger=_ledger(ids, found, encoder.version),
            metadata={
                "encoder": encoder.version,
                "computed now": found.n_computed,
                "from the cache": len(ids) - found.n_computed - len(found.failures),
                "failed": len(found.failures),
            },
        )

    return embeddings


def _kept_contents(
    bench: Bench, work: Work, encoder: "Encoder"
) -> "tuple[list[str], Callable[[Sequence[int]], Sequence[Any]]]":
    """Ids of the kept samples, and what gives the contents at some of their positions."""
    verdicts = work.read("first_pass", columns=["sample_id", "uri", "verdict"])
    raw = work.store.read("raw_index", partition={"batch": work.batch}, columns=["uri", "text", "metadata"])
    kept = verdicts.filter(pc.equal(verdicts["verdict"], "kept")).join(raw, "uri").sort_by("uri")
    ids = kept["sample_id"].to_pylist()
    if bench.corpus.is_of_pictures:
        return ids, load_pictures(bench, kept, encoder.picture_px)
    texts = kept["text"].to_pylist()
    return ids, lambda positions: [texts[i] for i in positions]


_LOADED: dict[str, "Encoder"] = {}


def encoder_of(name: str) -> "Encoder":
    """The encoder of that name, loaded once per process."""
    from data_engine.embedding import load_encoder

    if name not in _LOADED:
        _LOADED[name] = load_encoder(name)
    return _LOADED[name]


def _ledger(ids: list[str], found: "Embedded", version: str) -> pa.Table:
    """Every content is embedded, or rejected with what the encoder said."""
    failures = found.failures
    reasons = [f"the encoder failed: {failures[i]}" if i in failures else _REASON for i in range(len(ids))]
    verdicts = ["rejected" if i in failures else "embedded" for i in range(len(ids))]
    return decisions(ids, verdict=verdicts, reason=reasons, model_version=version)


def _table(ids: list[str], batch: str, found: "Embedded", version: str) -> pa.Table:
    """The embeddings of one batch, without the samples that the encoder failed on."""
    embedded = [i for i in range(len(ids)) if i not in found.failures]
    n, vectors = len(embedded), found.rows[embedded]
    columns = [
        pa.array([ids[i] for i in embedded], pa.string()),
        pa.array([batch] * n, pa.string()),
        pa.array([row.tobytes() for row in vectors], pa.binary()),
        pa.array([vectors.shape[1]] * n, pa.int32()),
        pa.array([version] * n, pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=EMBEDDINGS)
