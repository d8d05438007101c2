"""embeddings: the kept samples as unit vectors; each content is embedded once, whatever the corpus."""

from collections.abc import Callable, Container, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine.compute.choice import told
from data_engine.compute.embedding_pool import EmbeddingWork, fill_cache
from data_engine.embedding import embed_unique
from data_engine.places.kinds import is_local
from data_engine.runtime.check_inputs import CheckedStep
from data_engine.runtime.embeddings import ready_encoder
from data_engine.runtime.made_from.encoders import EncoderUsed, refuse_other_processor
from data_engine.runtime.media import load_items, place_columns
from data_engine.runtime.step_run import StepResult, StepRun
from data_engine.schemas import EMBEDDINGS
from data_engine.storage.ledger import ledger_rows
from data_engine.storage.scratch import ScratchFloats, ScratchTexts

if TYPE_CHECKING:
    from data_engine.embedding import Encoder

_REASON = "kept by the first pass"
_ROWS_PER_BATCH = 4096


def embeddings(step_run: StepRun) -> StepResult:
    """Embed the kept contents of a batch."""
    encoder = ready_encoder(step_run.corpus)
    used = EncoderUsed(step_run.corpus.encoder, encoder.version)
    if not is_local(step_run.runtime.data_folder):
        refuse_other_processor(step_run.corpus.name, step_run.encoder_in_use(), used)
    ids, load = _kept_contents(step_run, encoder)
    cache_of_encoder = step_run.embedding_cache(encoder.version, encoder.dim)
    rows = ScratchFloats(step_run.scratch_folder, encoder.dim)
    elsewhere = step_run.progress("embedding on workers", len(ids))
    where = fill_cache(EmbeddingWork(ids, load, encoder, cache_of_encoder, elsewhere), step_run.corpus.compute)
    advance = step_run.progress("embedding", len(ids))
    found = embed_unique(ids, load, encoder, cache_of_encoder, progress=advance, into=rows)
    return step_run.finish(
        _batches(ids, step_run.batch, rows, found.failures, encoder.version),
        ledger=_ledger(ids, found.failures, encoder.version),
        metadata={
            "encoder": encoder.version,
            "computed now": found.n_computed,
            "from the cache": len(ids) - found.n_computed - len(found.failures),
            "failed": len(found.failures),
            **told(where),
        },
        encoder=used,
    )


def check_inputs(checked: CheckedStep) -> dict[str, Any]:
    """The kept samples that the encoder failed on, with what it said."""
    decided = checked.read_from.decisions("embeddings", checked.batch, columns=["sample_id", "verdict", "reason"])
    failed = decided.filter(pc.equal(decided["verdict"], "rejected"))
    return {"failures": dict(zip(failed["sample_id"].to_pylist(), failed["reason"].to_pylist(), strict=True))}


def _kept_contents(
    step_run: StepRun, encoder: "Encoder"
) -> "tuple[list[str], Callable[[Sequence[int]], Sequence[Any]]]":
    """Ids of the kept samples, and what gives the contents at some of their positions."""
    verdicts = step_run.read("first_pass", columns=["sample_id", "uri", "verdict"])
    kept = verdicts.filter(pc.equal(verdicts["verdict"], "kept")).sort_by("uri")
    ids = kept["sample_id"].to_pylist()
    samples = step_run.corpus.samples
    if samples.items is None:
        return ids, _KeptTexts(step_run, kept["uri"].combine_chunks()).load
    columns = [name for name in place_columns(samples) if name != "sample_id"]
    raw = step_run.look_up("raw_index", columns=columns, batch=step_run.batch)
    return ids, load_items(step_run.runtime, kept.join(raw, "uri").sort_by("uri"), encoder.max_side_px)


class _KeptTexts:
    """The texts of the kept samples, read from the raw index when the first of them is asked for."""

    def __init__(self, step_run: StepRun, uris: pa.Array) -> None:
        self._step_run, self._uris = step_run, uris

    def load(self, positions: Sequence[int]) -> list[str | None]:
        """The texts at these positions; None for one that the raw index does not have."""
        texts, row_of = self._read
        rows = row_of[np.asarray(positions, np.int64)]
        found = iter(texts.read(rows[rows >= 0]))
        return [next(found) if row >= 0 else None for row in rows.tolist()]

    @cached_property
    def _read(self) -> "tuple[ScratchTexts, np.ndarray[Any, Any]]":
        """The texts on disk, and (n,) the row there of each position; -1: none."""
        texts, row_of, n_read = ScratchTexts(self._step_run.scratch_folder), np.full(len(self._uris), -1), 0
        batches = self._step_run.look_up_batches("raw_index", ["uri", "text"], batch=self._step_run.batch)
        for piece in batches:
            place = pc.index_in(piece["uri"], value_set=self._uris)
            column = piece["text"].filter(place.is_valid())
            texts.add(column)
            positions = np.asarray(place.drop_null(), np.int64)
            rows = np.arange(n_read, n_read + len(column))
            row_of[positions] = np.where(np.asarray(column.is_valid()), rows, -1)
            n_read += len(column)
        return texts, row_of


def _ledger(ids: list[str], failures: dict[int, str], version: str) -> pa.Table:
    """Every content is embedded, or rejected with what the encoder said."""
    reasons = [f"the encoder failed: {failures[i]}" if i in failures else _REASON for i in range(len(ids))]
    verdicts = ["rejected" if i in failures else "embedded" for i in range(len(ids))]
    return ledger_rows(ids, verdict=verdicts, reason=reasons, model_version=version)


def _batches(
    ids: list[str], batch: str, rows: ScratchFloats, failures: Container[int], version: str
) -> Iterator[pa.RecordBatch]:
    """The embeddings of one batch, without the samples that the encoder failed on."""
    embedded = np.array([i for i in range(len(ids)) if i not in failures], np.int64)
    for start in range(0, len(embedded), _ROWS_PER_BATCH):
        here = embedded[start : start + _ROWS_PER_BATCH]
        n = len(here)
        columns = [
            pa.array([ids[i] for i in here.tolist()], pa.string()),
            pa.array([batch] * n, pa.string()),
            pa.array([row.tobytes() for row in rows.read(here)], pa.binary()),
            pa.array([rows.dim] * n, pa.int32()),
            pa.array([version] * n, pa.string()),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=EMBEDDINGS)
