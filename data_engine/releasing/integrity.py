"""Whether a release is whole: its manifest, its files, its id, and the ids of its samples against their contents.

Writing a release is in `writer.py`.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import StorageError
from data_engine.indexing.samples import form_of, sample_id_of_bytes, sample_id_of_text
from data_engine.modalities import Modality, find_modality, load
from data_engine.places.object_store import arrow_filesystem
from data_engine.releasing.rows import all_columns, release_fingerprint

CHECKSUM = "manifest_sha256"
"""Key of a manifest with the sha256 of the manifest without that key."""

_AT_ONCE = 8192


def manifest_text(manifest: Mapping[str, Any]) -> str:
    """A manifest as it is written, with its own checksum in it."""
    rest = {name: value for name, value in manifest.items() if name != CHECKSUM}
    return _text({**rest, CHECKSUM: hashlib.sha256(_text(rest).encode()).hexdigest()})


def _text(manifest: Mapping[str, Any]) -> str:
    return json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of the release in a folder; one of an earlier version may lack what is written today.

    Raises: StorageError when there is none, or it is no JSON object with the number of samples.
    """
    path = folder / "manifest.json"
    try:
        found = json.loads(path.read_text("utf-8"))
        if not isinstance(found, dict):
            raise TypeError(f"it holds a {type(found).__name__} in the place of an object")
        if not isinstance(found.get("n_samples"), int):
            raise ValueError("it does not say how many samples the release has")
    except (OSError, ValueError, TypeError, RecursionError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise StorageError(
            f"the manifest of release {folder.name} at {path} cannot be read ({cause}); restore that file from a "
            f"backup, or remove the folder if nobody uses the release"
        ) from error
    return found


def damage_of_release(folder: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """What is wrong with a release: paths, and what of them.

    Args:
        folder: Of the release.
        manifest: As `read_manifest` gives it.
    """
    path = folder / "manifest.json"
    if CHECKSUM in manifest and path.read_bytes() != manifest_text(manifest).encode():
        yield path, "is not the manifest that was written: its checksum differs"
    if manifest.get("release_id") != folder.name:
        yield path, f"names release {manifest.get('release_id')!r}, but the folder is that of {folder.name}"
    files = manifest.get("files")
    if not isinstance(files, Mapping) or not files:
        yield path, "names no files"
        return
    whole = True
    for name, said in files.items():
        problem = _file_problem(folder / Path(str(name)).name, said)
        whole = whole and not problem
        if problem:
            yield folder / str(name), problem
    if whole:
        yield from _content_damage(folder, manifest)


def _file_problem(path: Path, said: Any) -> str:
    if not path.is_file():
        return "is missing"
    wanted = said.get("sha256") if isinstance(said, Mapping) else None
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return "" if found == wanted else f"its sha256 is {found}, but the manifest says {wanted}"


def _content_damage(folder: Path, manifest: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    rows, path = _rows(folder)
    if rows is None:
        return
    named = (manifest.get("configuration") or {}).get("modality")
    samples, masks = find_modality(named or modality_of(rows)), _setting(manifest, "pii") == "mask"
    if rows.num_rows != manifest.get("n_samples", rows.num_rows):
        yield path, f"has {rows.num_rows} rows, but the manifest says {manifest['n_samples']}"
    if "text" in rows.column_names:
        # A release keeps the columns that it had; an earlier one has another fingerprint only if it had others.
        try:
            is_same = release_fingerprint(all_columns(rows), manifest.get("declared")) == folder.name
        except KeyError:
            is_same = True
        if not is_same:
            what = "its rows, and what is declared of them, are not those that"
            yield path, f"{what} release {folder.name} is the fingerprint of"
        wrong = [] if masks or samples.is_read_again else ids_of_other_contents(rows)
        if wrong:
            yield path, f"{len(wrong)} texts are not those that their ids are the hash of, such as {wrong[0]}"
    texts = rows["text"].to_pylist() if samples.holds_text else [None] * rows.num_rows
    id_of = None if masks and samples.holds_text else _id_of_file(samples if named else None)
    yield from _image_damage(folder / "images", dict(zip(rows["sample_id"].to_pylist(), texts, strict=True)), id_of)


def _rows(folder: Path) -> tuple[pa.Table | None, Path]:
    import pyarrow.parquet as pq

    path = folder / "data.parquet"
    folder_of = arrow_filesystem(folder)
    return (pq.read_table(path.name, filesystem=folder_of) if path.is_file() else None), path


def _setting(manifest: Mapping[str, Any], name: str) -> object:
    block = (manifest.get("configuration") or {}).get("release") or {}
    return block.get(name)


#: (bytes of a released file, text of the sample) to the id of the sample; an empty one for a file that is none.
_IdOf = Callable[[bytes, str | None], str]


def _id_of_file(samples: Modality | None) -> _IdOf:
    """What gives the id of the sample in a released file; None: of a release whose manifest names no modality."""
    if samples is None:
        return lambda content, _text: sample_id_of_bytes(content)
    if samples.file_id is None:
        return form_of(samples.name).id_of
    of_file = load(samples.file_id)
    return lambda content, _text: of_file(content)


def modality_of(rows: pa.Table) -> str:
    """The modality of a release whose manifest does not say it, as those of texts and images once did not."""
    is_of_texts = "text" in rows.column_names and rows["text"].null_count < rows.num_rows
    return "text" if is_of_texts else "image"


def _image_damage(folder: Path, texts: Mapping[str, str | None], id_of: _IdOf | None) -> Iterator[tuple[Path, str]]:
    """What is wrong with the files of samples, whose texts are given by their id; without `id_of` only what lacks."""
    if not folder.is_dir():
        return
    found = {path.stem: path for path in folder.iterdir()}
    for sample_id in sorted(texts.keys() - found.keys()):
        yield folder / sample_id, "the file of this released sample is missing"
    for stem, path in sorted(found.items()):
        if stem not in texts:
            yield path, "is no file of a released sample"
        elif id_of is not None and id_of(path.read_bytes(), texts[stem]) != stem:
            yield path, "is not the sample that its name is the hash of"


def ids_of_other_contents(rows: pa.Table) -> list[str]:
    """The ids of the rows (sample_id, text) whose text is another than the one that the id is the hash of."""
    wrong = []
    for piece in rows.select(["sample_id", "text"]).filter(pc.is_valid(rows["text"])).to_batches(_AT_ONCE):
        for sample_id, text in zip(piece["sample_id"].to_pylist(), piece["text"].to_pylist(), strict=True):
            if sample_id_of_text(text) != sample_id:
                wrong.append(sample_id)
    return wrong


def refuse_other_contents(raw: pa.Table, corpus: str) -> None:
    """Refuse texts that are not those that were indexed, before they are released.

    Args:
        raw: Rows of the raw index, before anything in them is masked.
        corpus: Its name.

    Raises: StorageError naming how many, one of them, and the remedy.
    """
    wrong = ids_of_other_contents(raw)
    if wrong:
        raise StorageError(
            f"{len(wrong)} texts of the raw index are not those that their sample ids are the hash of, such as sample "
            f"{wrong[0]}; nothing was released: data-engine check {corpus} names the damaged files, and what mends them"
        )
