"""A release made anew without some of its samples, from its own folder: what is forgotten is in no file of the new one.

Making a release from tables is in `writer.py`.
"""

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.release_formats.registry import FORMATS
from data_engine.releasing.exporting import rows_of_folder
from data_engine.releasing.integrity import read_manifest
from data_engine.releasing.rows import all_columns, identified
from data_engine.releasing.writer import write_release


def release_without(folder: Path, sample_ids: Collection[str], *, at: str) -> str:
    """Write a release without some samples beside its folder, which stays as it is.

    The data card says in its first lines that its figures are those of the release before.

    Args:
        folder: Of the release.
        sample_ids: The samples that go.
        at: When, for the manifest and the data card.

    Returns: the id of the new release; "" where no sample is left, and none is made.
    """
    manifest = read_manifest(folder)
    rows = rows_of_folder(folder)
    kept = rows.filter(pc.invert(pc.is_in(rows["sample_id"], value_set=pa.array(sorted(sample_ids), pa.string()))))
    if not kept.num_rows:
        return ""
    made = identified(all_columns(kept), manifest.get("declared"))
    release_id = str(made["release_id"][0].as_py())
    n = rows.num_rows - kept.num_rows
    said = {name: value for name, value in manifest.items() if name not in ("files", "manifest_sha256")}
    said |= {"release_id": release_id, "n_samples": kept.num_rows, "made_anew": {"from": folder.name, "at": at}}
    said |= {"n_forgotten": n + int(manifest.get("n_forgotten", 0))}
    if "labels_by_provenance" in manifest:
        counts = {row["values"]: row["counts"] for row in pc.value_counts(made["provenance"].drop_null()).to_pylist()}
        said["labels_by_provenance"] = dict(sorted(counts.items()))
    formats = [name for name, form in FORMATS.items() if (folder / form.file_name).is_file()]
    images = sorted((folder / "images").iterdir()) if (folder / "images").is_dir() else []
    stay = ((path.name, path.read_bytes()) for path in images if path.stem not in sample_ids)
    card = _card(folder, release_id, n, at)
    write_release(folder.parent / release_id, made, said, card, images=stay, formats=formats)
    return release_id


def _card(folder: Path, release_id: str, n: int, at: str) -> str:
    path = folder / "README.md"
    before = path.read_text("utf-8") if path.is_file() else ""
    return (
        f"> Release `{release_id}` is release `{folder.name}` without {n:,} sample{'s' * (n > 1)} that had to be "
        f"forgotten on {at}. The figures below are those from before.\n\n{before}"
    )
