"""Exporting a release: a folder that a stranger can use, with identical bytes for identical rows."""

import hashlib
import json
import logging
import math
import shutil
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from data_engine.errors import InvalidInput, StorageError
from data_engine.storage.atomic_files import flush
from data_engine.storage.schema_check import conform
from data_engine.storage.storage_errors import storage_errors

logger = logging.getLogger(__name__)

_DATA = ("data.parquet", "data.jsonl")
_ROWS_AT_ONCE = 5_000
#: These end a line for some readers of JSON lines, and JSON does not ask to escape them.
_LINE_ENDS = {ord(c): f"\\u{ord(c):04x}" for c in "\x85\u2028\u2029"}


def write_release(
    folder: Path,
    table: pa.Table,
    manifest: Mapping[str, Any],
    data_card: str,
    *,
    images: Iterable[tuple[str, bytes]] = (),
) -> dict[str, str]:
    """Write data.parquet, data.jsonl, README.md, manifest.json and images/ into a new folder, all or nothing.

    Rows are sorted by sample_id, so the same rows give the same data files. A release is frozen: where the folder
    already holds the same data it is left as it is, whatever the new manifest and data card say.

    Args:
        folder: The release's own folder, named after its id.
        table: Rows in `schemas.RELEASE`.
        manifest: What the release stands on, JSON values only; `files` is added with size and sha256 of each file.
        data_card: Markdown.
        images: File names and contents for the folder `images`; drawn one by one, and only for a new release.

    Returns: sha256 (hex) by file name, of the files in the folder itself.

    Raises: SchemaMismatch for rows of another schema; InvalidInput for metadata that is no JSON object or a value
        that JSON cannot hold; StorageError when the folder holds another release, or the disk is full or fails.
    """
    rows = conform("release", table).sort_by("sample_id")
    temporary = folder.with_name(f".{folder.name}.{uuid.uuid4().hex}.tmp")
    with storage_errors(f"writing release {folder.name}", folder, intact="no release was changed"):
        temporary.mkdir(parents=True)
        try:
            _fill(temporary, rows, manifest, data_card)
            if not folder.exists():
                _fill_images(temporary / "images", images)
            return _move(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _fill(folder: Path, rows: pa.Table, manifest: Mapping[str, Any], data_card: str) -> None:
    import pyarrow.parquet as pq

    pq.write_table(rows.combine_chunks(), folder / "data.parquet", compression="zstd")
    with (folder / "data.jsonl").open("w", encoding="utf-8", newline="\n") as lines:
        for batch in rows.to_batches(max_chunksize=_ROWS_AT_ONCE):
            lines.writelines(_json_line(row, rows.schema) for row in batch.to_pylist())
    (folder / "README.md").write_text(data_card, encoding="utf-8", newline="\n")
    files = {
        name: {"sha256": _sha256(folder / name), "n_bytes": (folder / name).stat().st_size}
        for name in (*_DATA, "README.md")
    }
    text = json.dumps({**manifest, "files": files}, ensure_ascii=False, indent=2, sort_keys=True)
    (folder / "manifest.json").write_text(text + "\n", encoding="utf-8", newline="\n")
    for path in (*folder.iterdir(), folder):
        flush(path)


def _fill_images(folder: Path, images: Iterable[tuple[str, bytes]]) -> None:
    for name, content in images:
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
        flush(folder / name)
    if folder.exists():
        flush(folder)


def _move(temporary: Path, folder: Path) -> dict[str, str]:
    """Give the folder its name; of two that finish at once the second compares itself with the first."""
    new = _hashes(temporary)
    if not folder.exists():
        try:
            temporary.rename(folder)
        except OSError:
            if not folder.exists():
                raise
        else:
            flush(folder.parent)
            return new
    old = _hashes(folder)
    for name in _DATA:
        if old.get(name) != new[name]:
            raise StorageError(
                f"{folder} already holds release {folder.name} with another {name} (sha256 {old.get(name, 'missing')} "
                f"there, {new[name]} here); a release is never changed: restore that file, or remove the folder if "
                f"nobody uses it"
            )
    if old != new:
        logger.info("release %s is left as it is: its data are the same, only its card or manifest differ", folder.name)
    return old


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: _sha256(path) for path in sorted(folder.iterdir()) if path.is_file()}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json_line(row: Mapping[str, Any], schema: pa.Schema) -> str:
    """One row as a line of JSON, with its metadata as an object and float32 values as short as they were."""
    values: dict[str, Any] = {}
    for name, value in row.items():
        if name == "metadata":
            values[name] = _metadata(row["sample_id"], value)
        elif pa.types.is_float32(schema.field(name).type) and value is not None:
            if not math.isfinite(value):
                raise InvalidInput(
                    f"{name} of sample {row['sample_id']} is {value}, which JSON cannot hold; give a finite number"
                )
            values[name] = float(str(np.float32(value)))
        else:
            values[name] = value
    return json.dumps(values, ensure_ascii=False).translate(_LINE_ENDS) + "\n"


def _metadata(sample_id: str, text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"metadata of sample {sample_id} is no JSON ({error}); write it with json.dumps") from error
    if not isinstance(found, dict):
        raise InvalidInput(
            f"metadata of sample {sample_id} is a JSON {type(found).__name__}; it must be an object: wrap it in one"
        )
    return found
