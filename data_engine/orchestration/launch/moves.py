"""What became of the files of a corpus since the last run: batches that are gone, samples that left, came or moved.

Taking a batch out is in `data_engine.runtime.amendments.forgetting`; the plan of a run is in `runner.py`.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import dagster as dg

from data_engine import indexing
from data_engine.orchestration.names import batch_partitions
from data_engine.runtime.amendments.forgetting import (
    KeptSamples,
    batches_taken_in,
    forget_batches,
    kept_samples,
)
from data_engine.runtime.changes.source_files import said_of_gone_batches
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.made_from.answered_samples import answered_samples
from data_engine.runtime.versions import fingerprint, step_versions
from data_engine.terminal.plain_text import plain

if TYPE_CHECKING:
    from rich.console import Console

    from data_engine.indexing import SourceFile


class Moves:
    """The batches of the source against those that the corpus has.

    Args:
        runtime: The corpus.
        batches: The files of the source by batch.
        instance: Whose partitions of batches that are gone are deleted.
        console: Where it is printed.
    """

    def __init__(
        self,
        runtime: CorpusRuntime,
        batches: "Mapping[str, Sequence[SourceFile]]",
        instance: dg.DagsterInstance,
        console: "Console",
    ) -> None:
        self._runtime, self._batches, self._instance, self._console = runtime, batches, instance, console
        self._known = batches_taken_in(runtime)
        self._before: KeptSamples | None = kept_samples(runtime) if self._are_there_moves else None

    def forget_gone(self, *, is_told: bool = False) -> bool:
        """Take out the batches that the source no longer has; False where there are none.

        Args:
            is_told: Whether it was printed already which these are.
        """
        said = forget_gone(self._runtime, self._batches, self._instance)
        if said and not is_told:
            self._console.print(plain(f"  {said}"))
        return bool(said)

    def to_read_first(self, chosen: Sequence[str]) -> list[str]:
        """Known batches with other files than before, where there is another batch that these may have moved to."""
        new = [batch for batch in chosen if batch not in self._known]
        changed = [batch for batch in chosen if batch in self._changed]
        return changed if len(changed) + len(new) > 1 else []

    def say(self) -> None:
        """Print what left, came and moved; nothing where nothing did, and before the first run."""
        if self._before is None:
            return
        said = self._before.sentence_until(kept_samples(self._runtime), answered_samples(self._runtime))
        if said:
            self._console.print(plain(f"  {said}"))

    @cached_property
    def _changed(self) -> set[str]:
        """Known batches of which files came, left or changed."""
        versions = step_versions(self._runtime.store(), "raw_index")
        return {
            batch
            for (_, batch), version in versions.items()
            if batch in self._batches
            and version.input_version != fingerprint({"files": indexing.fingerprint(self._batches[batch])})
        }

    @property
    def _are_there_moves(self) -> bool:
        return bool(self._known) and (self._known.keys() != self._batches.keys() or bool(self._changed))


def forget_gone(
    runtime: CorpusRuntime, listed: "Mapping[str, Sequence[SourceFile]]", instance: dg.DagsterInstance
) -> str:
    """Take out the batches that the source no longer has. Returns: which, as a sentence; empty where there are none.

    Args:
        runtime: The corpus.
        listed: The files of the batches that the source has.
        instance: Whose partitions of batches that are gone are deleted.
    """
    known = batches_taken_in(runtime)
    gone = sorted(known.keys() - set(listed))
    if not gone:
        return ""
    said = said_of_gone_batches(runtime, gone, listed)
    forget_batches(runtime, gone, run_id="moves")
    drop_partitions(runtime, instance, gone)
    return said


def drop_partitions(runtime: CorpusRuntime, instance: dg.DagsterInstance, batches: Sequence[str]) -> None:
    """Delete the partitions of batches from the Dagster instance."""
    name = batch_partitions(runtime).name or ""
    for batch in set(batches) & set(instance.get_dynamic_partitions(name)):
        instance.delete_dynamic_partition(name, batch)
