"""Looks at a file or folder of data: its kind, its size, the first rows, and what their columns seem to be.

Columns are guessed in `columns.py`, what is made of a look is in `corpus_file.py`.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from data_engine.errors import InvalidInput, SourceMissing
from data_engine.modalities import find_modality, modality_names
from data_engine.new_project import scenes
from data_engine.new_project.columns import (
    IMAGE_ENDINGS,
    NO_ROLES,
    Column,
    Roles,
    classes_of,
    columns_of,
    guess_roles,
    is_number,
)

N_ROWS_LOOKED_AT = 2_000
_LONGEST_FIELD, _MOST_WORDS_OF_A_NAME = 1 << 30, 8
#: Texts about the data, which are no data.
_ABOUT = re.compile(r"(readme|licen[cs]e|notice|copying|changelog|authors)\b", re.IGNORECASE)
_KIND_OF_ENDING = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl"}
_KIND_OF_ENDING |= {".parquet": "parquet"}
_TEXT_ENDINGS = (".txt", ".md", ".text", ".rst")
_DOCUMENT_ENDINGS = (".pdf", ".docx", ".html", ".htm", ".xhtml", ".warc")
_VIDEO_ENDINGS = (".mp4", ".webm", ".mkv", ".mov", ".avi", ".m4v", ".mpg", ".mpeg", ".wmv", ".flv", ".ogv")
#: Kind of source and modality of files that are samples themselves, where they are not files of a modality.
_OF_FILES = {"documents": ("documents", "text"), "audio": ("audio", "audio"), "video": ("video", "image")}
_PACKED = (".gz", ".bz2", ".xz", ".zst")
_KNOWN = (
    "CSV, JSONL, JSON or Parquet files, images, videos, satellite scenes (GeoTIFF), sounds (.wav, .flac, .ogg, .mp3), "
    "texts (.txt, .md), or documents (.pdf, .docx, .html, .warc)"
)
_BY_HAND = "other kinds (tar archives, saved datasets, YAML headers) are described in docs/sources.md: write defs.yaml"


@dataclass(frozen=True)
class Look:
    """What data look like.

    Attributes:
        path: The file or folder.
        kind: Of the source: csv, jsonl, parquet, folder, raster_tiles, documents, audio or video.
        modality: What a sample is.
        pattern: Which files below the folder; empty for a single file.
        n_files: Files of this kind.
        n_bytes: What they take.
        n_samples: Rows or files (of videos too); of rows an estimate where `is_estimate`.
        columns: Of the first rows; empty for folders of texts and images.
        roles: What the columns seem to be.
        classes: Values of the label, the commonest first.
        has_class_folders: Whether the name of the folder that a file lies in seems to be its label.
        n_ignored: Other files in the folder.
        table: Where files are samples: one among the others that may hold rows about them.
        tile_px: Of scenes: the side of the tiles that they are cut into.
        n_looked_at: Rows that columns and classes are guessed from, where there are more; else 0.
    """

    path: Path
    kind: str
    modality: str
    pattern: str
    n_files: int
    n_bytes: int
    n_samples: int
    is_estimate: bool = False
    columns: tuple[Column, ...] = ()
    roles: Roles = NO_ROLES
    classes: tuple[str, ...] = ()
    has_class_folders: bool = False
    n_ignored: int = 0
    table: Path | None = None
    n_looked_at: int = 0
    tile_px: int = 0


def look_at(path: Path, *, text: str | None = None, label: str | None = None) -> Look:
    """Look at a file, or at a folder of files.

    Args:
        path: The file or folder.
        text: The column of the text, in place of a guess.
        label: The column of the label, in place of a guess.

    Raises: SourceMissing when there is nothing at the path; InvalidInput for an empty file or folder, an unknown kind,
        rows that cannot be read, a column that is not there, and rows without a text.
    """
    if not path.exists():
        raise SourceMissing(f"there is no file or folder {path}; check the path, it starts from the current folder")
    files = [path] if path.is_file() else _files_below(path)
    if not files or not any(file.stat().st_size for file in files):
        raise InvalidInput(f"{path} is empty; put data there: {_KNOWN}")
    about = [file for file in files if len(files) > 1 and _ABOUT.match(file.name)]
    endings = Counter(_ending(file) for file in files if file not in about)
    known = {ending: n for ending, n in endings.items() if _kind_of(ending)}
    if not known:
        found = ", ".join(sorted(ending or "without an ending" for ending in endings))
        raise InvalidInput(f"{path} is of an unknown kind ({found}); give {_KNOWN}; {_BY_HAND}")
    kind = Counter({k: sum(n for e, n in known.items() if _kind_of(e) == k) for k in map(_kind_of, known)})
    if kind["documents"]:
        # What reads documents reads the texts that lie among them.
        kind["documents"] += kind.pop("text", 0)
    (commonest, n_files), *_ = kind.most_common(1)
    taken = ("documents", "text") if commonest == "documents" else (commonest,)
    chosen = [file for file in files if _kind_of(_ending(file)) in taken and file not in about]
    n_bytes = sum(file.stat().st_size for file in chosen)
    if commonest == "image" and all(_ending(file) in scenes.ENDINGS for file in chosen) and not (text or label):
        found_scenes = scenes.scenes_among(chosen)
        if found_scenes is not None:
            return Look(
                path, "raster_tiles", "raster", _pattern(path, chosen), n_files, n_bytes, found_scenes.n_tiles,
                is_estimate=found_scenes.is_estimate, n_ignored=len(files) - n_files, tile_px=found_scenes.tile_px,
            )  # fmt: skip
    if commonest in (*_OF_FILES, *modality_names()):
        if text or label:
            raise InvalidInput(f"{path} holds files without columns; leave out --text and --label")
        has_classes = _are_class_folders(path, chosen)
        classes = tuple(sorted({file.parent.name for file in chosen})) if has_classes else ()
        pattern = _pattern(path, chosen)
        return Look(
            path, *_OF_FILES.get(commonest, ("folder", commonest)), pattern, n_files, n_bytes, n_files,
            classes=classes, has_class_folders=has_classes, n_ignored=len(files) - n_files,
            table=next((file for file in files if _ending(file) in _KIND_OF_ENDING), None),
        )  # fmt: skip
    return _look_at_rows(path, commonest, chosen, n_bytes, len(files) - n_files, (text, label))


def _look_at_rows(
    path: Path, kind: str, files: Sequence[Path], n_bytes: int, n_ignored: int, given: tuple[str | None, str | None]
) -> Look:
    same = [file for file in files if _ending(file) == _ending(files[0])]
    first = next((file for file in same if file.stat().st_size), same[0])
    rows = list(islice(_rows(first, kind), N_ROWS_LOOKED_AT))
    if not rows:
        raise InvalidInput(f"{first} holds no rows; give a file with {'a header and ' * (kind == 'csv')}rows")
    columns = columns_of(rows)
    roles = _roles(first, columns, len(rows), *given)
    label = next((column for column in columns if column.name == roles.label), None)
    n_rows = _n_rows(first, kind, rows)
    n_samples = n_rows if len(same) == 1 else round(n_rows * n_bytes / max(first.stat().st_size, 1))
    return Look(
        path=path,
        kind=kind,
        modality=_modality_of_rows(first, rows, roles),
        pattern=_pattern(path, same),
        n_files=len(same),
        n_bytes=sum(file.stat().st_size for file in same),
        n_samples=n_samples,
        is_estimate=len(same) > 1,
        columns=columns,
        roles=roles,
        classes=classes_of(label) if label else (),
        n_ignored=n_ignored + len(files) - len(same),
        n_looked_at=len(rows) if len(rows) < n_samples else 0,
    )


def _modality_of_rows(file: Path, rows: Sequence[Mapping[str, Any]], roles: Roles) -> str:
    """Texts beside images are captions, and beside sounds metadata, where the files can be read and lie there."""
    if roles.sound and (not roles.text or _are_beside(file, rows, roles.sound)):
        return "audio"
    if roles.image and not roles.text:
        return "image"
    return "image_text" if roles.image and _are_beside(file, rows, roles.image) else "text"


def _are_beside(file: Path, rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    value = next((row[column] for row in rows if row.get(column)), "")
    return not isinstance(value, str) or (file.parent / value).is_file()


def _roles(file: Path, columns: Sequence[Column], n_rows: int, text: str | None, label: str | None) -> Roles:
    names = [column.name for column in columns]
    for option, name in (("--text", text), ("--label", label)):
        if name is not None and name not in names:
            raise InvalidInput(
                f"{option} is {name!r}, but the columns of {file} are {', '.join(names)}; name one of them"
            )
    guessed = guess_roles([column for column in columns if column.name not in (text, label)], n_rows)
    found = replace(guessed, text=text or guessed.text, label=label or guessed.label)
    if text is not None:
        found = replace(found, image=None, sound=None)
    if found.text is None and found.image is None and found.sound is None:
        raise InvalidInput(
            f"no column of {file} looks like a text, or names images or sounds (the columns are {', '.join(names)}); "
            "name the one with the text with --text COLUMN"
        )
    return found


def _rows(file: Path, kind: str) -> Iterator[Mapping[str, Any]]:
    """The rows of a file, as far as they are asked for. Raises: InvalidInput for a file that is not of its kind."""
    readers = {"csv": _csv_rows, "jsonl": _json_rows, "parquet": _parquet_rows}
    try:
        yield from readers[kind](file)
    except InvalidInput:
        raise
    except (OSError, ValueError, csv.Error) as error:
        said = " ".join(str(error).split())[:300]
        raise InvalidInput(f"{file} cannot be read as {kind} ({said}); mend the file, or give another one") from error


def _csv_rows(file: Path) -> Iterator[Mapping[str, Any]]:
    with _text_of(file) as stream:
        csv.field_size_limit(_LONGEST_FIELD)
        header = stream.readline()
        delimiter = max(",;\t|", key=header.count)
        stream.seek(0)
        reader = csv.DictReader(stream, delimiter=delimiter)
        _refuse_without_header(file, reader.fieldnames or ())
        for row in reader:
            yield {name: value for name, value in row.items() if name is not None}


def _refuse_without_header(file: Path, names: Sequence[str]) -> None:
    """Raises: InvalidInput where the first row holds numbers or whole sentences, which no column is called."""
    data = [name for name in names if name and (is_number(name) or len(name.split()) > _MOST_WORDS_OF_A_NAME)]
    if data:
        shown = ", ".join(repr(name[:40]) for name in data[:3])
        raise InvalidInput(
            f"the first row of {file} looks like data and not like names of columns ({shown}); put a row of names "
            f"above it, one for each of the {len(names)} columns"
        )


def _json_rows(file: Path) -> Iterator[Mapping[str, Any]]:
    with _text_of(file) as stream:
        if stream.read(1).strip() == "[":
            stream.seek(0)
            yield from (_object(row, file) for row in json.load(stream))
            return
        stream.seek(0)
        for line in stream:
            if line.strip():
                yield _object(_parsed(line, file), file)


def _parsed(line: str, file: Path) -> Any:
    """One line. Raises: InvalidInput where it is a part of one object that fills the file; ValueError else."""
    try:
        return json.loads(line)
    except ValueError as error:
        whole: Any = None
        with suppress(ValueError), _text_of(file) as stream:
            whole = json.load(stream)
        if not isinstance(whole, dict):
            raise
        raise InvalidInput(
            f"{file} holds one JSON object (with the keys {', '.join(list(whole)[:8])}) where rows should be; "
            "write one object per line, or an array of objects"
        ) from error


def _object(row: Any, file: Path) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise InvalidInput(f"{file} holds a {type(row).__name__} where a row should be; write one JSON object per row")
    return row


def _parquet_rows(file: Path) -> Iterator[Mapping[str, Any]]:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(file).iter_batches(batch_size=256):
        yield from batch.to_pylist()


def _n_rows(file: Path, kind: str, first: Sequence[object]) -> int:
    """The rows of a file: of Parquet from its end, of others counted."""
    if len(first) < N_ROWS_LOOKED_AT:
        return len(first)
    if kind == "parquet":
        import pyarrow.parquet as pq

        return int(pq.ParquetFile(file).metadata.num_rows)
    return sum(1 for _ in _rows(file, kind))


def _text_of(file: Path) -> io.TextIOWrapper:
    from data_engine.indexing import open_file

    # Packed files cannot always be read twice.
    with open_file(file) as stream:
        return io.TextIOWrapper(io.BytesIO(stream.read()), encoding="utf-8-sig", errors="replace", newline="")


def _files_below(folder: Path) -> list[Path]:
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]


def _ending(file: Path) -> str:
    """The ending, of packed files the one below that of the packing."""
    name = Path(file.stem) if file.suffix.lower() in _PACKED else file
    return name.suffix.lower()


def _kind_of(ending: str) -> str:
    if ending in IMAGE_ENDINGS:
        return "image"
    if ending in _VIDEO_ENDINGS:
        return "video"
    if ending in _DOCUMENT_ENDINGS:
        return "documents"
    return "text" if ending in _TEXT_ENDINGS else _KIND_OF_ENDING.get(ending) or _modality_of_files(ending)


def _modality_of_files(ending: str) -> str:
    """The modality whose samples are files with this ending; empty where there is none."""
    found = (of for of in map(find_modality, modality_names()) if "folder" in of.kinds and ending[1:] in of.endings)
    return next((of.name for of in found), "")


def _pattern(path: Path, files: Sequence[Path]) -> str:
    """The glob of these files; that of all files where they have several endings. Files of no kind are unreadable."""
    if path.is_file():
        return ""
    packed = {file: file.suffix.lower() in _PACKED for file in files}
    suffixes = {"".join(file.suffixes[-2:]) if is_packed else file.suffix for file, is_packed in packed.items()}
    return f"**/*{suffixes.pop()}" if len(suffixes) == 1 else "**/*"


def _are_class_folders(root: Path, files: Sequence[Path]) -> bool:
    """Whether the files lie in two or more folders that hold nothing but files."""
    parents = {file.parent for file in files}
    return root not in parents and 2 <= len({parent.name for parent in parents}) <= 1_000
