"""Slices: what samples are told apart by when figures are given of parts of a corpus.

The figures are in `hold_out_figures.py` and in the quality report.
"""

import json
from collections.abc import Collection, Mapping, Sequence

import pyarrow as pa

SOURCE, BATCH, CLUSTER = "source", "batch", "cluster"
"""Names that stand for something beside a column of the metadata: the file or folder, the batch, the top cluster."""
COLUMNS_READ = ("sample_id", "batch", "uri", "metadata")


def slices_of(
    sample_ids: Sequence[str], columns: Collection[str], raw_index: pa.Table, cluster_of: Mapping[str, str]
) -> dict[str, list[str | None]]:
    """The value of every column for every sample; None where a sample has none.

    Args:
        sample_ids: (n,) ids.
        columns: `source`, `batch`, `cluster`, or columns of the metadata.
        raw_index: rows of the samples; of equal contents the first counts.
        cluster_of: id to the name of the top cluster.
    """
    wanted = set(sample_ids)
    row_of: dict[str, dict[str, str]] = {}
    for row in raw_index.select(COLUMNS_READ).to_pylist() if columns else ():
        if row["sample_id"] in wanted:
            row_of.setdefault(row["sample_id"], row)
    metadata = {key: json.loads(row["metadata"]) for key, row in row_of.items()}
    known: dict[str, Mapping[str, str | None]] = {
        SOURCE: {key: _source(row["uri"]) for key, row in row_of.items()},
        BATCH: {key: row["batch"] for key, row in row_of.items()},
        CLUSTER: cluster_of,
    }
    found: dict[str, list[str | None]] = {}
    for column in columns:
        of_metadata = {key: _text(said.get(column)) for key, said in metadata.items()}
        values = known.get(column, of_metadata)
        found[column] = [values.get(sample_id) for sample_id in sample_ids]
    return found


def _source(uri: str) -> str:
    """The file that a row stands in; of a file of its own the folder."""
    file, mark, _ = uri.partition("#")
    return file if mark else file.rpartition("/")[0] or "."


def _text(value: object) -> str | None:
    return None if value is None or value == "" else value if isinstance(value, str) else json.dumps(value)
