"""Writes a release: a folder that a stranger can use, with identical bytes for identical rows.

The formats of its data files are in `release_formats/`, the text of its README in `data_card.py`.
"""

import hashlib
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_engine.errors import InvalidInput, StorageError
from data_engine.places.kinds import is_local
from data_engine.release_formats.registry import FORMATS
from data_engine.releasing import croissant
from data_engine.releasing.integrity import manifest_text
from data_engine.releasing.rows import exported_rows
from data_engine.storage import conform, storage_errors
from data_engine.storage.atomic_files import new_folder, place_folder

logger = logging.getLogger(__name__)


def write_release(
    folder: Path,
    table: pa.Table,
    manifest: Mapping[str, Any],
    data_card: str,
    *,
    images: Iterable[tuple[str, bytes]] = (),
    formats: Sequence[str] = ("parquet", "jsonl"),
) -> dict[str, str]:
    """Write the data files, README.md, croissant.json, manifest.json and images/ into a new folder, all or nothing.

    Rows are sorted by sample_id, so the same rows give the same data files. A release is frozen: where the folder
    already holds the same data it is left as it is. What the new manifest and data card say otherwise is how it was
    made and measured this time; what is declared of the rows is part of the id.

    Args:
        folder: The release's own folder, named after its id.
        table: Rows in `schemas.RELEASE`.
        manifest: What the release stands on, JSON values only; `files` is added with size and sha256 of each file, and
            a checksum of the manifest itself.
        data_card: Markdown.
        images: File names and contents for the folder `images`; drawn one by one, and only for a new release.
        formats: Names of `FORMATS`, a data file each.

    Returns: sha256 (hex) by file name, of the files in the folder itself.

    Raises: SchemaMismatch for rows of another schema; InvalidInput for an unknown format or none, or a value that a
        format cannot hold; StorageError when the folder holds another release, or the disk is full or fails.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown or not formats:
        raise InvalidInput(f"formats is {list(formats)}; name at least one of {', '.join(FORMATS)} and no other")
    rows = exported_rows(conform("release", table).sort_by("sample_id"))
    data_files = [FORMATS[name].file_name for name in formats]
    with (
        storage_errors(f"writing release {folder.name}", folder, intact="no release was changed"),
        new_folder(folder) as filled,
    ):
        for name in formats:
            FORMATS[name].write(rows, filled / FORMATS[name].file_name)
        _describe(filled, data_files, rows.schema, manifest, data_card)
        if not _is_there(folder):
            _fill_images(filled / "images", images)
        hashes = _hashes(filled)
        return hashes if place_folder(filled, folder) else _kept(folder, hashes, data_files)


def _describe(
    folder: Path, data_files: Sequence[str], schema: pa.Schema, manifest: Mapping[str, Any], data_card: str
) -> None:
    """Write README.md, the Croissant metadata and the manifest, which names all other files."""
    (folder / "README.md").write_text(data_card, encoding="utf-8", newline="\n")
    files = {name: _said_of(folder / name) for name in (*data_files, "README.md")}
    (folder / croissant.FILE_NAME).write_text(
        croissant.croissant_text(manifest, schema, files), encoding="utf-8", newline="\n"
    )
    files[croissant.FILE_NAME] = _said_of(folder / croissant.FILE_NAME)
    text = manifest_text({**manifest, "files": files})
    (folder / "manifest.json").write_text(text, encoding="utf-8", newline="\n")


def _is_there(folder: Path) -> bool:
    """Whether a release is in its folder; behind a URL it is once its manifest is, which is written last."""
    return (folder if is_local(folder) else folder / "manifest.json").exists()


def _said_of(path: Path) -> dict[str, Any]:
    return {"sha256": _sha256(path), "n_bytes": path.stat().st_size}


def _fill_images(folder: Path, images: Iterable[tuple[str, bytes]]) -> None:
    for name, content in images:
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)


def _kept(folder: Path, new: Mapping[str, str], data_files: Sequence[str]) -> dict[str, str]:
    """The hashes of the release that is already there.

    Raises: StorageError when it holds other data, or lacks one of these data files.
    """
    old = _hashes(folder)
    for name in data_files:
        if old.get(name) != new[name]:
            raise StorageError(
                f"{folder} already holds release {folder.name} with another {name} (sha256 {old.get(name, 'missing')} "
                f"there, {new[name]} here); a release is never changed: restore that file, or remove the folder if "
                f"nobody uses it"
            )
    if any(old.get(name) != digest for name, digest in new.items()):
        logger.info("release %s is left as it is: only when and how it was made and measured differ", folder.name)
    return old


def _hashes(folder: Path) -> dict[str, str]:
    return {path.name: _sha256(path) for path in sorted(folder.iterdir()) if path.is_file()}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
