"""embeddings: the kept samples as unit vectors; each content is embedded once, whatever the corpus."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.embedding import embed_unique, load_encoder
from data_engine.runtime.check_inputs import CheckedStep
from data_engine.runtime.media import load_images
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.schemas import EMBEDDINGS
from data_engine.storage.ledger import ledger_rows

if TYPE_CHECKING:
    from data_engine.embedding import Embedded, Encoder

_REASON = "kept by the first pass"


def embeddings(step_run: StepRun) -> StepResult:
    """Embed the kept contents of a batch."""
    encoder = encoder_of(step_run.corpus.encoder)
    ids, load = _kept_contents(step_run, encoder)
    cache_of_encoder = step_run.embedding_cache(encoder.version, encoder.dim)
    found = embed_unique(ids, load, encoder, cache_of_encoder, progress=step_run.progress("embedding", len(ids)))
    return step_run.finish(
        _table(ids, step_run.batch, found, encoder.version),
        ledger=_ledger(ids, found, encoder.version),
        metadata={
            "encoder": encoder.version,
            "computed now": found.n_computed,
            "from the cache": len(ids) - found.n_computed - len(found.failures),
            "failed": len(found.failures),
        },
    )


def check_inputs(checked: CheckedStep) -> dict[str, Any]:
    """The kept samples that the encoder failed on, with what it said."""
    decided = checked.read_from.decisions("embeddings", checked.batch)
    failed = decided.filter(pc.equal(decided["verdict"], "rejected"))
    return {"failures": dict(zip(failed["sample_id"].to_pylist(), failed["reason"].to_pylist(), strict=True))}


@cache
def encoder_of(name: str) -> "Encoder":
    """The encoder of that name; a process that runs several steps loads it once."""
    return load_encoder(name)


def _kept_contents(
    step_run: StepRun, encoder: "Encoder"
) -> "tuple[list[str], Callable[[Sequence[int]], Sequence[Any]]]":
    """Ids of the kept samples, and what gives the contents at some of their positions."""
    verdicts = step_run.read("first_pass", columns=["sample_id", "uri", "verdict"])
    raw = step_run.look_up("raw_index", columns=["uri", "text", "metadata"], batch=step_run.batch)
    kept = verdicts.filter(pc.equal(verdicts["verdict"], "kept")).join(raw, "uri").sort_by("uri")
    ids = kept["sample_id"].to_pylist()
    if step_run.corpus.is_of_images:
        return ids, load_images(step_run.runtime, kept, encoder.max_side_px)
    texts = kept["text"].to_pylist()
    return ids, lambda positions: [texts[i] for i in positions]


def _ledger(ids: list[str], found: "Embedded", version: str) -> pa.Table:
    """Every content is embedded, or rejected with what the encoder said."""
    failures = found.failures
    reasons = [f"the encoder failed: {failures[i]}" if i in failures else _REASON for i in range(len(ids))]
    verdicts = ["rejected" if i in failures else "embedded" for i in range(len(ids))]
    return ledger_rows(ids, verdict=verdicts, reason=reasons, model_version=version)


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
