"""Results of earlier encoders and settings, kept so that a change that is undone gives back the very same.

What a tree knows of its samples is in `tree_growth.py`; files and their names are those of `storage.artefacts`.
"""

import hashlib
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.runtime.versions import fingerprint
from data_engine.schemas import CLUSTER_TREE, TREE_EXPLANATION
from data_engine.schemas.long_columns import one_array

if TYPE_CHECKING:
    from data_engine.runtime.corpus_runtime import CorpusRuntime
    from data_engine.runtime.made_from.encoders import EncoderUsed
    from data_engine.runtime.versions import StepVersion
    from data_engine.storage.artefacts import Artefacts


class RunOfAStep(Protocol):
    """What is needed of a `StepRun` here."""

    runtime: "CorpusRuntime"

    def artefacts(self) -> "Artefacts":
        """Small results of the corpus, by name."""

    def encoder_in_use(self) -> "EncoderUsed":
        """The encoder of the vectors of now."""

    def last_version(self) -> "StepVersion | None":
        """The last version of the step."""

    def last_decisions(self) -> pa.Table:
        """What it decided then (sample_id, verdict)."""


#: As many changes can be undone.
_AT_MOST = 4
_CENTROIDS, _EXPLANATIONS = "tree-centroids-", "tree-explanation-"
_DECISIONS, _OF_SAME_SAMPLES = "subset-decisions-", "subset-of-samples-"


def keep_tree(step_run: RunOfAStep, centroids: pa.Table, explained: pa.Table) -> None:
    """Keep a tree that was just built (schemas CLUSTER_TREE, TREE_EXPLANATION) under its code, settings and encoder."""
    _put(step_run, _CENTROIDS, _tree_key(step_run), centroids)
    _put(step_run, _EXPLANATIONS, _tree_key(step_run), explained)


def kept_tree(step_run: RunOfAStep) -> tuple[pa.Table, pa.Table] | None:
    """The tree that was last built with the code, settings and encoder of now, as `keep_tree` got it; None: never."""
    centroids, explained = (_get(step_run, part, _tree_key(step_run)) for part in (_CENTROIDS, _EXPLANATIONS))
    if centroids is None or explained is None:
        return None
    return centroids.cast(CLUSTER_TREE), explained.cast(TREE_EXPLANATION)


def decisions_of_same_vectors(step_run: RunOfAStep) -> pa.Table:
    """The last decisions (sample_id, verdict) of a step that it made on vectors of the encoder of now.

    Those of another encoder are kept for the time that it comes back.
    """
    last, now = step_run.last_version(), step_run.encoder_in_use().version
    decided = step_run.last_decisions()
    before = "" if last is None else str(last.made_with.get("encoder_version") or "")
    if before in ("", now):
        return decided
    _put(step_run, _DECISIONS, before, decided)
    kept = _get(step_run, _DECISIONS, now)
    return decided.slice(0, 0) if kept is None else kept


def decisions_to_start_from(step_run: RunOfAStep, sample_ids: pa.ChunkedArray) -> pa.Table:
    """The decisions (sample_id, verdict) of the time when the subset was chosen of the very same samples and settings.

    Else the last ones. So samples that leave and come back, and settings that are undone, give back the same subset.
    """
    last = decisions_of_same_vectors(step_run)
    kept = _get(step_run, _OF_SAME_SAMPLES, _samples_key(step_run, sample_ids))
    return last if kept is None else kept


def keep_decisions(step_run: RunOfAStep, sample_ids: pa.ChunkedArray, decided: pa.Table) -> None:
    """Keep what was decided (sample_id, verdict) of these samples, for `decisions_to_start_from`."""
    _put(step_run, _OF_SAME_SAMPLES, _samples_key(step_run, sample_ids), decided.select(["sample_id", "verdict"]))


def _samples_key(step_run: RunOfAStep, sample_ids: pa.ChunkedArray) -> str:
    ids = one_array(sample_ids.cast(pa.string()))
    ids = ids.take(pc.sort_indices(ids))
    digest = hashlib.sha256(b"".join(buffer for buffer in ids.buffers()[1:] if buffer is not None)).hexdigest()
    return f"{step_run.runtime.code_version('balanced_subset')}:{step_run.encoder_in_use().version}:{digest}"


def _tree_key(step_run: RunOfAStep) -> str:
    return f"{step_run.runtime.code_version('cluster_tree')}:{step_run.encoder_in_use().version}"


def _name(part: str, key: str) -> str:
    return f"{part}{fingerprint([key])}.arrow"


def _put(step_run: RunOfAStep, part: str, key: str, rows: pa.Table) -> None:
    stream = pa.BufferOutputStream()
    with pa.ipc.new_file(stream, rows.schema) as file:
        file.write_table(rows)
    content = stream.getvalue().to_pybytes()
    step_run.artefacts().put_among(_name(part, key), content, of=f"{part}*.arrow", at_most=_AT_MOST)


def _get(step_run: RunOfAStep, part: str, key: str) -> pa.Table | None:
    content = step_run.artefacts().get(_name(part, key))
    return None if content is None else pa.ipc.open_file(pa.BufferReader(content)).read_all()
