"""Tables that are too large to be held whole: of them a report reads columns, counts, and the few rows that it shows.

What is asked here of such a table can be asked of an Arrow table too, so that a report is made of either.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


class ColumnsOnDemand:
    """A table of batches of which a column is read when it is asked for; in all else it is as the whole table.

    So a report holds the texts of those samples alone that it shows.
    """

    def __init__(self, dataset: Any) -> None:
        """Takes the table as a pyarrow dataset with a column `batch`."""
        self._dataset = dataset
        self._columns: dict[str, pa.ChunkedArray] = {}

    @cached_property
    def num_rows(self) -> int:
        """Number of rows."""
        return int(self._dataset.count_rows())

    @property
    def column_names(self) -> list[str]:
        """The columns that it has."""
        return list(self._dataset.schema.names)

    def __getitem__(self, name: str) -> pa.ChunkedArray:
        """A column, read once."""
        if name not in self._columns:
            self._columns[name] = self._dataset.to_table(columns=[name])[name]
        return self._columns[name]

    def select(self, names: Sequence[str]) -> pa.Table:
        """A table of some columns."""
        schema = pa.schema([self._dataset.schema.field(name) for name in names])
        return pa.Table.from_arrays([self[name] for name in names], schema=schema)

    def rows_with(self, key: str, values: pa.Array, columns: Sequence[str]) -> pa.Table:
        """The rows whose key is one of some values; only their batches are read, and of others the key."""
        has_key = pc.field(key).isin(values)
        batches = pc.unique(self._dataset.to_table(columns=["batch"], filter=has_key)["batch"])
        return self._dataset.to_table(
            columns=list(columns),
            filter=pc.field("batch").isin(batches) & has_key,
            batch_readahead=2,
            fragment_readahead=1,
        )

    def __getattr__(self, name: str) -> Any:
        """What else a table can do, which takes all of it into memory."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.select(self.column_names), name)

    def pieces(self, columns: Sequence[str], condition: pc.Expression | None = None) -> Iterator[pa.Table]:
        """Some columns of the rows that meet a condition, in order; a piece in memory at a time."""
        for batch in self._dataset.to_batches(
            columns=list(columns), filter=condition, batch_readahead=2, fragment_readahead=1
        ):
            if batch.num_rows:
                yield pa.Table.from_batches([batch])


def pieces_where(
    table: pa.Table | ColumnsOnDemand, columns: Sequence[str], condition: pc.Expression | None = None
) -> Iterator[pa.Table]:
    """Some columns of the rows that meet a condition, in order; of a table on demand a piece in memory at a time."""
    if isinstance(table, ColumnsOnDemand):
        yield from table.pieces(columns, condition)
    else:
        yield (table if condition is None else table.filter(condition)).select(columns)


def counted(table: pa.Table | ColumnsOnDemand, columns: Sequence[str]) -> Counter[tuple[Any, ...]]:
    """How many rows have the same values in some columns, by these values."""
    found: Counter[tuple[Any, ...]] = Counter()
    for piece in pieces_where(table, columns):
        groups = piece.group_by(list(columns), use_threads=False).aggregate([([], "count_all")])
        keys = zip(*(groups[name].to_pylist() for name in columns), strict=True)
        for key, n in zip(keys, groups["count_all"].to_pylist(), strict=True):
            found[key] += n
    return found
