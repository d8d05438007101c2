"""Tombstones: which samples of a corpus were forgotten, when and why; a sample that has one is not taken in again.

They hold ids and reasons, and nothing of the content. Forgetting itself is in `forgotten_samples.py`.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from data_engine.errors import StorageError
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.storage import storage_errors
from data_engine.storage.atomic_files import read_text, write_text


@dataclass(frozen=True)
class Tombstone:
    """One forgotten sample; `releases` held it when it was forgotten."""

    sample_id: str
    at: str
    reason: str
    releases: tuple[str, ...] = ()


def tombstones(runtime: CorpusRuntime) -> dict[str, Tombstone]:
    """The tombstones of a corpus by sample id.

    Raises: StorageError where they cannot be read; nothing must be taken in without them.
    """
    path = _place(runtime)
    try:
        text = read_text(path)
        if text is None:
            return {}
        rows = [Tombstone(**{**row, "releases": tuple(row["releases"])}) for row in json.loads(text)]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StorageError(
            f"the tombstones at {path} cannot be read ({error}), and without them forgotten samples would come back; "
            f"restore that file from a backup"
        ) from error
    return {row.sample_id: row for row in rows}


def add_tombstones(runtime: CorpusRuntime, added: Sequence[Tombstone]) -> None:
    """Set tombstones; that of a sample which has one already stays."""
    path = _place(runtime)
    with storage_errors("setting tombstones", path):
        known = {row.sample_id: row for row in added} | tombstones(runtime)
        rows = [asdict(known[sample_id]) for sample_id in sorted(known)]
        write_text(path, json.dumps(rows, ensure_ascii=False, indent=1) + "\n")


def forgotten_ids(runtime: CorpusRuntime) -> pa.Array:
    """The ids that are not taken in, sorted."""
    return pa.array(sorted(tombstones(runtime)), pa.string())


def _place(runtime: CorpusRuntime) -> Path:
    return (runtime.shared or runtime).corpus_folder / "tombstones.json"
