"""A release as a folder that `datasets.load_dataset` reads: Parquet files per split, and the features in their schema.

The library is not needed to write it.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_engine.errors import InvalidInput
from data_engine.release_formats.released import Released

#: Most bytes of images in one file, and rows that are in memory at once.
_FILE_BYTES = 500_000_000
_ROWS_AT_ONCE = 256

#: The modalities whose files `datasets` decodes, and the column of these files, which is also the name of its feature.
_FEATURES = {"image": "image", "image_text": "image", "audio": "audio"}

_DTYPES = {
    pa.string(): "string",
    pa.float32(): "float32",
    pa.float64(): "float64",
    pa.int32(): "int32",
    pa.int64(): "int64",
    pa.bool_(): "bool",
}


def write(released: Released, folder: Path) -> None:
    """Write `data/<split>-<number>-of-<count>.parquet` and README.md, whose head names the files of each split.

    The label is a ClassLabel, an image an Image with its bytes, a sound an Audio; the column `file` holds the bytes of
    files of other modalities, and every other column is as the release has it.

    Raises: InvalidInput for an image that the release does not hold.
    """
    (folder / "data").mkdir(parents=True)
    schema = _schema(released)
    for split, rows in released.by_split().items():
        pieces = _pieces(released, rows)
        for number, piece in enumerate(pieces):
            name = f"{split}-{number:05d}-of-{len(pieces):05d}.parquet"
            with pq.ParquetWriter(folder / "data" / name, schema, compression="zstd") as file:
                for part in _parts(piece):
                    file.write_table(_encoded(released, part, schema))
    (folder / "README.md").write_text(_readme(released), "utf-8", newline="\n")


def _parts(rows: pa.Table) -> Iterator[pa.Table]:
    """Rows in parts of which the images fit into memory; one part without rows where there are none."""
    for start in range(0, max(len(rows), 1), _ROWS_AT_ONCE):
        yield rows.slice(start, _ROWS_AT_ONCE)


def _pieces(released: Released, rows: pa.Table) -> Sequence[pa.Table]:
    """The rows of each file of a split, about as many in each."""
    images = (released.images.get(sample_id) for sample_id in rows["sample_id"].to_pylist())
    n_bytes = sum(path.stat().st_size for path in images if path is not None)
    n_files = max(1, -(-n_bytes // _FILE_BYTES))
    bounds = [len(rows) * number // n_files for number in range(n_files + 1)]
    return [rows.slice(start, end - start) for start, end in pairwise(bounds)]


def _schema(released: Released) -> pa.Schema:
    fields, features = [], {}
    for field in released.rows.schema:
        features[field.name] = _feature(released, field)
        fields.append(pa.field(field.name, pa.int64() if field.name == released.label_column else field.type))
    if released.images:
        name, feature = _media(released)
        fields.insert(1, pa.field(name, pa.struct([("bytes", pa.binary()), ("path", pa.string())])))
        features = {"sample_id": features.pop("sample_id"), name: feature, **features}
    known = json.dumps({"info": {"features": features}}, ensure_ascii=False)
    return pa.schema(fields, metadata={"huggingface": known})


def _media(released: Released) -> tuple[str, dict[str, Any]]:
    """The column of the files of the samples, and its feature; of files that `datasets` cannot decode their bytes."""
    if released.modality in _FEATURES:
        name = _FEATURES[released.modality]
        return name, {"_type": name.capitalize()}
    return "file", {"bytes": {"dtype": "binary", "_type": "Value"}, "path": {"dtype": "string", "_type": "Value"}}


def _feature(released: Released, field: pa.Field) -> dict[str, Any]:
    if field.name == released.label_column:
        return {"names": list(released.classes), "_type": "ClassLabel"}
    if field.type not in _DTYPES:
        raise InvalidInput(
            f"column {field.name} is of type {field.type}, which the format hf does not write; it writes "
            f"{', '.join(map(str, _DTYPES))}"
        )
    return {"dtype": _DTYPES[field.type], "_type": "Value"}


def _encoded(released: Released, rows: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = {name: rows[name] for name in rows.column_names}
    if released.has_labels:
        number_of = {name: number for number, name in enumerate(released.classes)}
        labels = [None if label is None else number_of[label] for label in rows[released.label_column].to_pylist()]
        columns[released.label_column] = pa.array(labels, pa.int64())
    if released.images:
        files = [released.image_of(sample_id) for sample_id in rows["sample_id"].to_pylist()]
        images = [{"bytes": path.read_bytes(), "path": path.name} for path in files]
        name, _ = _media(released)
        columns[name] = pa.array(images, schema.field(name).type)
    return pa.Table.from_arrays([_whole(columns[name]) for name in schema.names], schema=schema)


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _readme(released: Released) -> str:
    """README.md: its head is what the library reads."""
    lines = ["---", f"pretty_name: {json.dumps(released.title, ensure_ascii=False)}", "configs:"]
    lines += ["- config_name: default", "  data_files:"]
    for split in released.by_split():
        lines += [f"  - split: {split}", f"    path: data/{split}-*.parquet"]
    lines += ["---", "", f"Release `{released.release_id}`. Licence of the content: {released.licence}", ""]
    return "\n".join(lines)
