"""The tables of one of several questions of a corpus: its own beside those that it shares with the others.

They are a `TableStore` like any other, so that whoever reads or writes a table need not know of questions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.storage.table_store import Opened, TableStore, Written

if TYPE_CHECKING:
    from data_engine.storage.accepted_index import SketchIndex
    from data_engine.storage.embedding_cache import EmbeddingCache

#: Below the folder of a corpus: a folder for each of its questions.
QUESTIONS = "questions"
#: Tables with rows about every step: those of a shared step are with the shared tables.
_OF_EVERY_STEP = ("step_versions", "accepted_versions", "check_results", "ledger")


@dataclass(frozen=True)
class QuestionTables(TableStore):
    """The tables of one question, at `root/<question>/tables/<name>`, and those of its corpus.

    Attributes:
        shared: The tables of the corpus.
        shared_names: Which tables are shared, and the steps that write them: what is said of these steps is shared too.
    """

    shared: TableStore
    shared_names: frozenset[str]

    @property
    def own(self) -> TableStore:
        """The question's own tables alone, with what is said of its own steps."""
        return TableStore(self.root, self.corpus)

    def path(self, name: str) -> Path:
        """The folder of a table; of one about every step, the question's own."""
        return self.shared.path(name) if name in self.shared_names else super().path(name)

    def embedding_cache(self, encoder_version: str, dim: int) -> "EmbeddingCache":
        """The vectors of one encoder, shared by all corpora."""
        return self.shared.embedding_cache(encoder_version, dim)

    def sketch_index(self) -> "SketchIndex":
        """The accepted samples of the corpus."""
        return self.shared.sketch_index()

    def write(
        self,
        name: str,
        rows: pa.Table | Iterable[pa.RecordBatch],
        *,
        partition: Mapping[str, str] | None = None,
        run_id: str,
        code_version: str,
        opened: Opened | None = None,
    ) -> Written:
        """As that of any store; rows about a shared step go to the shared tables."""
        store = self._store_of(name, partition)
        write = super().write if store is self else store.write
        return write(name, rows, partition=partition, run_id=run_id, code_version=code_version, opened=opened)

    def read(
        self,
        name: str,
        *,
        partition: Mapping[str, str] | None = None,
        columns: Sequence[str] | None = None,
        among: Mapping[str, pa.Array] | None = None,
        version: int | None = None,
        at: Mapping[str, int] | None = None,
    ) -> pa.Table:
        """As that of any store; of a table about every step, the rows about shared steps first."""
        place: dict[str, Any] = {
            "partition": partition,
            "columns": columns,
            "among": among,
            "version": version,
            "at": at,
        }
        if name in _OF_EVERY_STEP and "step" not in (partition or {}):
            return pa.concat_tables([self.shared.read(name, **place), super().read(name, **place)])
        store = self._store_of(name, partition)
        return super().read(name, **place) if store is self else store.read(name, **place)

    def dataset(self, name: str, *, version: int | None = None, at: Mapping[str, int] | None = None) -> Any:
        """As that of any store; of a table about every step, with the rows about shared steps."""
        import pyarrow.dataset as pads

        own = super().dataset(name, version=version, at=at)
        if name not in _OF_EVERY_STEP or version is not None or not self.shared.exists(name):
            return own
        there = [self.shared.dataset(name), *([own] if self.exists(name) else [])]
        return pads.dataset(there) if len(there) > 1 else there[0]

    def _store_of(self, name: str, partition: Mapping[str, str] | None) -> TableStore:
        """The store that a table, or what it says of one step, is in."""
        step = (partition or {}).get("step", "") if name in _OF_EVERY_STEP else ""
        return self.shared if step in self.shared_names else self


def question_stores(store: TableStore) -> list[TableStore]:
    """The own tables of every question that a corpus ever had, also of those that its YAML names no more."""
    folder = store.folder / QUESTIONS
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    return [TableStore(folder, name) for name in names]
