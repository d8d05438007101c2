"""A finding, and what the kinds of checks share: the tables' logs, the steps' versions, and what mends a table.

The kinds themselves are in the other modules of this folder.
"""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from data_engine.errors import StorageError
from data_engine.runtime.corpus_runtime import CorpusRuntime
from data_engine.runtime.plan import WRITTEN_BY, partition_column
from data_engine.runtime.versions import StepVersion, step_versions
from data_engine.storage.question_tables import QuestionTables

if TYPE_CHECKING:
    from data_engine.storage import TableStore
    from data_engine.storage.integrity.table_damage import TableLog


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was written, or that is worth knowing.

    Attributes:
        severity: An `error` is damage or a loss; a `note` harms nothing.
        what: In words, with what was expected.
        where: The file, the folder, the table or the piece of it.
        remedy: What mends it, as a command where there is one.
        check: The kind of check that found it.
    """

    severity: Literal["error", "note"]
    what: str
    where: str
    remedy: str
    check: str = ""


@dataclass(frozen=True)
class CheckedCorpus:
    """The corpus that is checked, and what several kinds of checks read of it once."""

    runtime: CorpusRuntime

    @cached_property
    def store(self) -> "TableStore":
        """Its tables; of one of several questions, those that it does not share."""
        store = self.runtime.store()
        return store.own if isinstance(store, QuestionTables) else store

    @property
    def name(self) -> str:
        """Its name, as a shell takes it."""
        return shlex.quote(self.runtime.corpus.name)

    @cached_property
    def logs(self) -> "dict[str, TableLog]":
        """The log of every table, as far as it can be read."""
        from data_engine.schemas import SCHEMAS
        from data_engine.storage.integrity.table_damage import read_log

        return {name: read_log(self.store, name) for name in SCHEMAS}

    @cached_property
    def versions(self) -> dict[tuple[str, str], StepVersion]:
        """What each step last wrote. Raises: StorageError when that cannot be read."""
        return step_versions(self.store)

    @cached_property
    def pins(self) -> dict[str, dict[str, int]]:
        """The table versions that releases stand on; none where their list cannot be read."""
        from data_engine.storage import pins

        try:
            return pins(self.store.root, self.store.corpus)
        except StorageError:
            return {}

    def shown(self, path: Path) -> str:
        """A path below the data folder, from there on."""
        folder = self.runtime.data_folder
        return str(path.relative_to(folder) if path.is_relative_to(folder) else path)

    def run(self) -> str:
        """The command that makes what is missing."""
        return f"data-engine run {self.name}"

    def mend_pins(self) -> str:
        """The command that writes the list of pinned versions anew."""
        return f"data-engine check {self.name} --mend-pins"

    def made_anew(self, table: str, piece: Mapping[str, str] | None, folder: Path) -> str:
        """How a table, or a piece of it, is made anew.

        Args:
            table: Its name.
            piece: Values of partition columns; None where the table as a whole is damaged.
            folder: The table's.
        """
        is_of_batches = table in WRITTEN_BY and partition_column(table) == "batch"
        if piece and is_of_batches:
            return f"data-engine backfill {self.name} --batches {shlex.quote(piece.get('batch', 'all'))}"
        again = f"data-engine backfill {self.name} --batches all" if is_of_batches or table == "ledger" else self.run()
        place = shlex.quote(str(folder))
        return f"restore {place} from a backup, or: mv {place} {place}.damaged && {again}"
