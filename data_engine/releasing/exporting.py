"""Exports: a release written for one library, as a function of the folder of the release alone.

So an export can be made at any time and anywhere, and the same release gives the same bytes. The formats are in
`release_formats/`; making the release itself is in `writer.py`.
"""

from collections.abc import Callable, Collection
from pathlib import Path

import pyarrow as pa

from data_engine.corpus.questions import OF_A_QUESTION
from data_engine.errors import InvalidInput, StorageError
from data_engine.modalities import Modality, find_modality, modality_names
from data_engine.places.place import local_copy
from data_engine.release_formats.registry import FOLDER_FORMATS, FORMATS, FolderFormat
from data_engine.release_formats.released import Released
from data_engine.releasing.integrity import damage_of_release, modality_of, read_manifest
from data_engine.schemas import RELEASE
from data_engine.storage import storage_errors
from data_engine.storage.atomic_files import new_folder, place_folder


def export_release(folder: Path, form: str, to: Path, *, question: str = "") -> Path:
    """Write a release in a format, all or nothing.

    Args:
        folder: Of the release; it is only read.
        form: A name of `FORMATS` or `FOLDER_FORMATS`.
        to: The folder to write, which must be new or empty.
        question: Of several questions, the one whose classes a format shows that has room for one.

    Returns: the folder.

    Raises: InvalidInput for an unknown format or question, a format that does not fit the release, or a folder that
        has something in it; StorageError where the release is damaged or the disk fails.
    """
    if form not in FORMATS and form not in FOLDER_FORMATS:
        raise InvalidInput(f"format is {form!r}; it must be one of {', '.join([*FORMATS, *FOLDER_FORMATS])}")
    if to.exists() and (not to.is_dir() or any(to.iterdir())):
        raise InvalidInput(f"{to} is not empty; give a folder that is new or empty, nothing is written over")
    released = read_released(folder, question=question)
    with storage_errors(f"exporting release {folder.name}", to), new_folder(to.absolute()) as filled:
        if form in FORMATS:
            FORMATS[form].write(released.rows, filled / FORMATS[form].file_name)
        else:
            _refuse_unfit(released, form, FOLDER_FORMATS[form])
            _writer(released, FOLDER_FORMATS[form])(released, filled)
        if to.exists():
            to.rmdir()
        if not place_folder(filled, to.absolute()):
            raise StorageError(f"{to} was made by somebody else meanwhile; nothing was written, try another folder")
    return to


def lines_to_load(folder: Path, form: str) -> str:
    """Python lines that read an export of a release, run in the folder of the export.

    Raises: StorageError and InvalidInput, as `rows_of_folder` does.
    """
    if form in FORMATS:
        return FORMATS[form].load
    known = FOLDER_FORMATS[form]
    return known.load_objects if known.load_objects and "objects" in rows_of_folder(folder).column_names else known.load


def read_released(folder: Path, *, question: str = "") -> Released:
    """A release as its folder has it, after every file was held against the manifest.

    Raises: StorageError for a release that is damaged; InvalidInput for a question that it does not have, or a release
        whose data files no format reads again.
    """
    manifest = read_manifest(folder)
    for path, what in damage_of_release(folder, manifest):
        raise StorageError(
            f"{path} of release {folder.name}: {what}; restore it from a backup before it is exported, or export "
            f"another release"
        )
    rows = rows_of_folder(folder)
    configuration = manifest.get("configuration") or {}
    said = configuration.get("release") or {}
    files = sorted((folder / "images").glob("*")) if (folder / "images").is_dir() else []
    return Released(
        release_id=folder.name,
        title=str(said.get("title") or manifest.get("corpus") or folder.name),
        licence=str(said.get("licence") or "unknown"),
        rows=rows,
        modality=str(configuration.get("modality") or modality_of(rows)),
        images={path.stem: local_copy(path) for path in files},
        label_column=_label_column(rows, question),
    )


def rows_of_folder(folder: Path) -> pa.Table:
    """The rows of a release, in the columns of its files, out of the first of them that can be read again.

    Raises: StorageError where it is missing; InvalidInput where the release never had one.
    """
    for form in FORMATS.values():
        path = folder / form.file_name
        if form.read is not None and path.is_file():
            rows = form.read(local_copy(path), type_of_column)
            return rows if rows.column_names else RELEASE.empty_table()
    readable = [name for name, form in FORMATS.items() if form.read is not None]
    had = [FORMATS[name].file_name for name in readable if FORMATS[name].file_name in _files_of(folder)]
    if had:
        raise StorageError(f"{folder / had[0]} of release {folder.name} is missing; restore it from a backup")
    raise InvalidInput(
        f"release {folder.name} has no data file that can be read again; add one of {', '.join(readable)} to "
        f"release.formats and release again"
    )


def _files_of(folder: Path) -> Collection[str]:
    """The names of the files that a release was written with."""
    named: Collection[str] = read_manifest(folder).get("files") or ()
    return named


def type_of_column(name: str) -> pa.DataType:
    """The type of a column of a release's files; of a question's column that of the column without the question."""
    found = next((each for each in OF_A_QUESTION if name.endswith(f"_{each}")), name)
    return RELEASE.field(found).type if found in RELEASE.names else pa.string()


def _label_column(rows: pa.Table, question: str) -> str:
    end = f"_{OF_A_QUESTION[0]}"
    several = [name.removesuffix(end) for name in rows.column_names if name.endswith(end)]
    if question and question not in several:
        raise InvalidInput(
            f"the release has no question {question!r}; it has {', '.join(several) or 'one question without a name'}"
        )
    return f"{question or several[0]}{end}" if several else OF_A_QUESTION[0]


def _refuse_unfit(released: Released, name: str, form: FolderFormat) -> None:
    samples = find_modality(released.modality)
    if name not in samples.formats:
        holders = [other.plural for other in map(find_modality, modality_names()) if name in other.formats]
        raise InvalidInput(
            f"release {released.release_id} holds {samples.plural}, but {name} is a format of {' and '.join(holders)}; "
            f"take one of {_those(samples, lambda _: True)}"
        )
    if released.has_objects and form.needs_labels and form.write_objects is None:
        fits = _those(samples, lambda each: each.write_objects is not None or not each.needs_labels)
        raise InvalidInput(
            f"release {released.release_id} has objects in its images, but {name} needs one class for each; take one "
            f"of {fits}"
        )
    if form.needs_objects and not released.has_objects:
        fits = _those(samples, lambda each: not each.needs_objects)
        raise InvalidInput(
            f"release {released.release_id} has no objects in its images, which {name} is for; take one of {fits}"
        )
    if form.needs_labels and not (released.has_labels or released.has_objects):
        fits = _those(samples, lambda each: not (each.needs_labels or each.needs_objects))
        raise InvalidInput(
            f"release {released.release_id} has no labels, but {name} needs a class for each sample; take one of {fits}"
        )
    if samples.is_read_again and not released.images and released.rows.num_rows:
        raise InvalidInput(
            f"release {released.release_id} holds no {samples.plural}, only their uris; set release.images: true and "
            f"release again, or take one of {', '.join(FORMATS)}"
        )


def _writer(released: Released, form: FolderFormat) -> Callable[[Released, Path], None]:
    """What writes the format: of a release with objects, what writes these, where the format has room for them."""
    return form.write_objects if released.has_objects and form.write_objects is not None else form.write


def _those(samples: Modality, fits: Callable[[FolderFormat], bool]) -> str:
    return ", ".join([*FORMATS, *(name for name in samples.formats if fits(FOLDER_FORMATS[name]))])
