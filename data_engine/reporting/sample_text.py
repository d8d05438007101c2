"""A sample as a line of text for people, the same on all pages.

Thumbnails of images are in `html/gallery.py`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.reporting.number_format import snippet


@dataclass(frozen=True)
class Shown:
    """One sample as a line of text."""

    sample_id: str
    text: str
    """Its text on one line; the uri of a sample without a text, and why it could not be read."""


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


def shown_samples(
    raw_index: pa.Table, keys: Iterable[str], *, key: str = "sample_id", most: int = 180
) -> dict[str, Shown]:
    """Some samples, by their key; those that the raw index does not hold are absent.

    Args:
        raw_index: columns sample_id, uri, text, error; or ColumnsOnDemand.
        keys: of the samples to show.
        key: the column that the keys are of, sample_id or uri; of equal keys the first row counts.
        most: characters of a text.
    """
    columns, wanted = ["sample_id", "uri", "text", "error"], pa.array(sorted(set(keys)), pa.string())
    if isinstance(raw_index, ColumnsOnDemand):
        found = raw_index.rows_with(key, wanted, columns)
    else:
        asked = raw_index.select(columns)
        found = asked.filter(pc.is_in(asked[key], value_set=wanted))
    shown: dict[str, Shown] = {}
    for row in found.to_pylist():
        words = row["text"] or f"{row['uri']}{': ' + row['error'] if row['error'] else ''}"
        shown.setdefault(row[key], Shown(row["sample_id"], snippet(words, most)))
    return shown
