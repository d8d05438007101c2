"""Samples that stand for a corpus when a batch is tested for drift, kept between runs: few embeddings are read."""

from logging import getLogger
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from data_engine import drift
from data_engine.storage import float_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from data_engine.runtime.step_run import StepRun

logger = getLogger(__name__)

#: Samples that stand for a corpus of any size.
MOST_KNOWN = 10_000
_FILES = "known-samples-*.arrow"


def known_samples(step_run: "StepRun", samples: pa.Table) -> "tuple[drift.KnownSamples, NDArray[np.int64]]":
    """Samples of all batches, and for each of them its row in `samples`.

    They are those with the lowest ids, which are hashes of contents: any sample is as likely as any other, and a corpus
    that grows keeps most of them. Only the embeddings of those that are new among them are read; samples that have
    lost theirs since the tree was grown are left out.

    Args:
        step_run: the step's.
        samples: sample_id and batch of every sample of the tree; batches get numbers in the order of their names.
    """
    n = min(MOST_KNOWN, samples.num_rows)
    rows = np.sort(pc.select_k_unstable(samples, k=n, sort_keys=[("sample_id", "ascending")]).to_numpy())
    name = _FILES.replace("*", step_run.encoder_in_use().version or "unknown")
    kept = _read(step_run, name)
    vectors = _vectors(step_run, samples.take(pa.array(rows)), kept)
    rows = rows[[sample_id in vectors for sample_id in samples["sample_id"].take(pa.array(rows)).to_pylist()]]
    wanted = samples.take(pa.array(rows))
    ids = wanted["sample_id"].combine_chunks()
    batches = pc.rank(wanted["batch"], tiebreaker="dense").to_numpy().astype(np.int64)
    if kept is not None and kept["sample_id"].combine_chunks().equals(ids):
        x, similarities = float_rows(kept["embedding"]), kept["similarity"].to_numpy()
        return drift.KnownSamples(x, batches, kept["nearest_row"].to_numpy(), similarities), rows
    known = drift.known_samples(np.stack([vectors[sample_id] for sample_id in ids.to_pylist()]), batches)
    _write(step_run, name, ids, known)
    return known, rows


def _vectors(step_run: "StepRun", wanted: pa.Table, kept: pa.Table | None) -> "dict[str, NDArray[np.float32]]":
    """The embeddings of the wanted samples by id; of each batch, those that are not kept are read."""
    found: dict[str, NDArray[np.float32]] = {}
    if kept is not None:
        found = dict(zip(kept["sample_id"].to_pylist(), float_rows(kept["embedding"]), strict=True))
    missing: dict[str, list[str]] = {}
    for sample_id, batch in zip(wanted["sample_id"].to_pylist(), wanted["batch"].to_pylist(), strict=True):
        if sample_id not in found:
            missing.setdefault(batch, []).append(sample_id)
    for batch, ids in missing.items():
        columns, among = ["sample_id", "embedding"], {"sample_id": pa.array(ids)}
        rows = step_run.look_up("embeddings", columns=columns, among=among, batch=batch)
        found |= dict(zip(rows["sample_id"].to_pylist(), float_rows(rows["embedding"]), strict=True))
    return found


def _read(step_run: "StepRun", name: str) -> pa.Table | None:
    """What was kept; None where there is nothing, or where the file is damaged."""
    content = step_run.artefacts().get(name)
    if content is None:
        return None
    try:
        return pa.ipc.open_file(pa.BufferReader(content)).read_all()
    except (pa.ArrowException, OSError) as error:
        logger.warning("the samples that a batch is tested against are damaged and are read anew (%s)", error)
        return None


def _write(step_run: "StepRun", name: str, sample_ids: pa.ChunkedArray, known: drift.KnownSamples) -> None:
    columns = {
        "sample_id": sample_ids,
        "embedding": pa.array([row.tobytes() for row in known.embeddings], pa.binary()),
        "nearest_row": known.nearest_row,
        "similarity": known.similarities,
    }
    table = pa.table(columns)
    stream = pa.BufferOutputStream()
    with pa.ipc.new_file(stream, table.schema) as file:
        file.write_table(table)
    step_run.artefacts().put_instead(name, stream.getvalue().to_pybytes(), of=_FILES)
