"""The rows of a table as a dataset of Arrow that says which of its files is damaged, and what to do.

Which files those are is in `table_scan.py`, how they are written in `parquet_files.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pads

from data_engine.errors import StorageError
from data_engine.storage.storage_errors import first_line


class TableRows(pads.FileSystemDataset):  # type: ignore[misc]
    """A dataset whose reads tell of damage by the name of the file; what reads it below Python asks `damage`."""

    table: Path
    """The folder of the table."""
    columns: tuple[str, ...]
    """Of the partition."""
    pieces: Sequence[tuple[list[str], Any]]
    """Partition values and fragment of each file, in the order of the rows."""

    def to_table(self, *arguments: Any, **how: Any) -> pa.Table:
        """As the dataset's. Raises: StorageError naming the file that cannot be read."""
        with self._named():
            return super().to_table(*arguments, **how)

    def to_batches(self, *arguments: Any, **how: Any) -> Iterator[pa.RecordBatch]:
        """As the dataset's. Raises: StorageError naming the file that cannot be read."""
        with self._named():
            yield from super().to_batches(*arguments, **how)

    def count_rows(self, *arguments: Any, **how: Any) -> int:
        """As the dataset's. Raises: StorageError naming the file that cannot be read."""
        with self._named():
            return int(super().count_rows(*arguments, **how))

    def damage(self) -> StorageError | None:
        """What to say of the first file that cannot be read whole; None when all can."""
        for values, fragment in self.pieces:
            try:
                for _ in fragment.to_batches(batch_readahead=1):
                    pass
            except (OSError, pa.ArrowException) as error:
                return unreadable(self.table, fragment.path, dict(zip(self.columns, values, strict=True)), error)
        return None

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (OSError, pa.ArrowException) as error:
            damage = self.damage()
            if damage is None:
                raise
            raise damage from error


def unreadable(table: Path, file: str, piece: Mapping[str, str], cause: BaseException) -> StorageError:
    """The error that a file of a table is damaged or gone, with the command that makes it anew."""
    values = ", ".join(f"{column} {value!r}" for column, value in piece.items())
    path, corpus = table / file, table.parent.parent.name
    said, remedy = "is gone", "restore the file, or give"
    if path.exists():
        said, remedy = f"is damaged ({first_line(cause)})", "restore the file, or delete it and give"
    return StorageError(
        f"reading {table.name} failed at {table}: the file {file}{f' of {values}' if values else ''} {said}; nothing "
        f"was changed: {remedy} `data-engine run {corpus}`, which makes its rows anew"
    )
