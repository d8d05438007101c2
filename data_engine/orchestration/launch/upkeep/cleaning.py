"""The command `data-engine clean`: what it would free, and freeing it while no other command is at work.

What can go is found by `data_engine.storage.cleaning`.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from data_engine.errors import InvalidInput
from data_engine.orchestration.launch.command_lock import corpus_lock
from data_engine.orchestration.launch.project import Project
from data_engine.runtime.corpus_runtime import CorpusRuntime, whole_corpus
from data_engine.storage.cleaning.unneeded import (
    Unneeded,
    clean_corpus,
    clean_embeddings,
    unneeded_embeddings,
    unneeded_of_corpus,
)
from data_engine.storage.question_tables import question_stores
from data_engine.storage.table_store import TableStore


@dataclass(frozen=True)
class Cleaning:
    """What can go of some corpora, and of the embeddings that all corpora share."""

    runtimes: Sequence[CorpusRuntime]
    by_corpus: dict[str, list[Unneeded]]
    embeddings: list[Unneeded]
    now: datetime

    @classmethod
    def of(cls, project: Project, corpus: str | None, *, is_all: bool) -> Self:
        """Find it.

        Raises: InvalidInput when both a corpus and all are named; StorageError when a table cannot be read.
        """
        if is_all and corpus is not None:
            raise InvalidInput(f"--all cleans every corpus, {corpus!r} included; give either the name or --all")
        now = datetime.now(UTC)
        every = list(project.runtimes.values())
        chosen = every if is_all else [whole_corpus(project.runtime(corpus))[0]]
        by_corpus = {name: unneeded_of_corpus(store, now=now) for name, store in _stores(chosen).items()}
        shared = unneeded_embeddings([each.store() for each in every], now=now) if is_all else []
        return cls(chosen, by_corpus, shared, now)

    @property
    def n_bytes(self) -> int | None:
        """Bytes that can be freed; None where there is nothing to delete."""
        found = [each for kinds in (*self.by_corpus.values(), self.embeddings) for each in kinds]
        return sum(each.n_bytes for each in found) if found else None

    def told(self) -> list[str]:
        """Lines that say what would go, kind by kind."""
        kinds = [*self.by_corpus.items(), ("shared by all corpora", self.embeddings)]
        lines = [
            f"{name}: {each.what}: {len(each.paths):,}, {each.n_bytes / 1e6:,.1f} MB"
            for name, found in kinds
            for each in found
        ]
        if self.n_bytes is None:
            return ["nothing to clean: no leftovers, and no old version that is not in use"]
        return [*lines, f"{self.n_bytes / 1e6:,.1f} MB in all"]

    def clean(self) -> int:
        """Delete it; gives the number of files and folders.

        Raises: ConcurrentWrite while another command is at work on one of the corpora.
        """
        with ExitStack() as locks:
            for runtime in self.runtimes:
                locks.enter_context(corpus_lock(runtime))
            n_deleted = sum(clean_corpus(store, now=self.now) for store in _stores(self.runtimes).values())
            return n_deleted + clean_embeddings(self.embeddings)


def _stores(runtimes: Sequence[CorpusRuntime]) -> dict[str, TableStore]:
    """The tables of corpora, and the own ones of all their questions, by name."""
    found = {}
    for runtime in runtimes:
        store = found[runtime.corpus.name] = runtime.store()
        found |= {f"{runtime.corpus.name}.{each.corpus}": each for each in question_stores(store)}
    return found
