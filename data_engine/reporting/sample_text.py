"""A sample as a line of text for people, the same on all pages.

Thumbnails of images are in `html/gallery.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.reporting.columns_on_demand import ColumnsOnDemand
from data_engine.reporting.number_format import snippet


@dataclass(frozen=True)
class Shown:
    """One sample as a line of text."""

    sample_id: str
    text: str
    """Its text on one line; the uri of a sample without a text, and why it could not be read."""


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
