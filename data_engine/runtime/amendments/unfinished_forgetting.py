"""A forgetting that is at work or was broken off: what it began with stands in a file until nothing is left to do.

Forgetting itself is in `forgotten_samples.py`.
"""

import json
import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from data_engine.errors import InvalidInput, StorageError
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.storage import storage_errors
from data_engine.storage.atomic_files import write_text


@dataclass(frozen=True)
class UnfinishedForgetting:
    """What a forgetting began with.

    Attributes:
        sample_ids: The samples, sorted.
        reason: Why they go.
        batches: Batches of which nothing stays.
        arrived_at: When the samples can have come at the earliest, in ISO 8601; "" where nobody knows.
    """

    sample_ids: tuple[str, ...]
    reason: str
    batches: tuple[str, ...]
    arrived_at: str

    @property
    def arrived(self) -> datetime | None:
        """`arrived_at` as a time; None where nobody knows."""
        return datetime.fromisoformat(self.arrived_at) if self.arrived_at else None

    def command(self, corpus: str) -> str:
        """What to type to finish it."""
        ids = " ".join(self.sample_ids)
        return f"data-engine forget {ids} --corpus {corpus} --reason {shlex.quote(self.reason)} --yes"


def unfinished_forgetting(runtime: CorpusRuntime) -> UnfinishedForgetting | None:
    """What a forgetting of this corpus began with that did not come to its end; None where there is none.

    Raises: StorageError where the file cannot be read.
    """
    path = _place(runtime)
    if not path.exists():
        return None
    try:
        said = json.loads(path.read_text("utf-8"))
        ids, batches = tuple(map(str, said["sample_ids"])), tuple(map(str, said["batches"]))
        return UnfinishedForgetting(ids, str(said["reason"]), batches, str(said["arrived_at"]))
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StorageError(
            f"a forgetting of corpus {runtime.corpus.name} was broken off, and {path} cannot be read ({error}); delete "
            f"that file and forget the samples of tombstones.json beside it again"
        ) from error


def begin_forgetting(runtime: CorpusRuntime, begun: UnfinishedForgetting) -> None:
    """Keep what a forgetting begins with."""
    path = _place(runtime)
    with storage_errors("beginning to forget", path):
        write_text(path, json.dumps(asdict(begun), ensure_ascii=False, indent=1) + "\n")


def end_forgetting(runtime: CorpusRuntime) -> None:
    """Say that nothing of it is left to do."""
    _place(runtime).unlink(missing_ok=True)


def refuse_unfinished(runtime: CorpusRuntime) -> None:
    """Let nothing be made of a corpus of which samples are half forgotten.

    Raises: InvalidInput with the command that finishes it.
    """
    begun = unfinished_forgetting(runtime)
    if begun is not None:
        raise InvalidInput(
            f"a forgetting of {len(begun.sample_ids):,} sample{'s' * (len(begun.sample_ids) != 1)} of corpus "
            f"{runtime.corpus.name} was broken off; finish it first: {begun.command(runtime.corpus.name)}"
        )


def with_unfinished(runtime: CorpusRuntime, sample_ids: Sequence[str]) -> list[str]:
    """These samples and those of a forgetting that was broken off, sorted."""
    begun = unfinished_forgetting(runtime)
    return sorted({*sample_ids, *(begun.sample_ids if begun else ())})


def _place(runtime: CorpusRuntime) -> Path:
    return (runtime.shared or runtime).corpus_folder / "forgetting.json"
