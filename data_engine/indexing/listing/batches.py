"""Lists the files of a source, grouped into ingestion batches.

Listing what is behind a URL is in `remote.py`, reading the files of a batch in `indexing/batch_reader.py`.
"""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import xxhash

from data_engine.errors import SourceEmpty, SourceError, SourceMissing
from data_engine.indexing.listing.globs import glob_pattern
from data_engine.indexing.listing.links import Links
from data_engine.indexing.listing.remote import list_remote
from data_engine.indexing.registry import KINDS
from data_engine.indexing.source import Batches, Source
from data_engine.indexing.source_files import EPOCH, SourceFile
from data_engine.indexing.uris import storable

if TYPE_CHECKING:
    from upath import UPath

_TEMPORARY_ENDINGS = (".tmp", ".part", ".crdownload", "~")
_NOT_IN_A_KEY = re.compile(r"[^A-Za-z0-9_.-]+|\.{2,}")
_TOP = "top"
#: Characters of a batch key: it becomes the name of a folder, `batch=key`, which file systems hold to 255 bytes.
_LONGEST_KEY = 200


def list_batches(source: Source, batches: Batches, project_folder: Path) -> dict[str, tuple[SourceFile, ...]]:
    """The files of a source by batch key, both sorted.

    Hidden files and folders and unfinished downloads are ignored. Links within the source are followed, every real
    folder once; links that lead out of it are files that may not be read, unless `follow_links` allows them. A key
    holds ASCII letters, digits, `_`, `-` and `.` only, at most 200; a folder or file whose name is not such a key gets
    its name with the other characters replaced, and cut where it is long, plus eight hex digits of the name's hash, so
    that two names never share a key and a key never depends on what else is in the folder.

    Raises:
        SourceMissing: the folder, file or package does not exist.
        SourceEmpty: no file matches the pattern.
        SourceError: a folder may not be listed.
    """
    root = source.resolve(project_folder)
    files = _list_files(root, source)
    if not files:
        raise SourceEmpty(
            f"{root} holds no file that matches {source.pattern!r} (hidden and unfinished files are ignored); "
            "add files or change source.pattern"
        )
    grouped: dict[str, list[SourceFile]] = {}
    names: dict[str, str] = {}
    for file in files:
        key, name = _batch_key(file, batches)
        if names.setdefault(key, name) != name:
            raise SourceError(f"{names[key]!r} and {name!r} both give batch key {key!r}; rename one of them")
        grouped.setdefault(key, []).append(file)
    return {key: tuple(grouped[key]) for key in sorted(grouped)}


def fingerprint(files: Iterable[SourceFile], *, is_whole: bool = True) -> str:
    """32 hex digits that change when a file is added, removed, or changes its size or modification time.

    Args:
        files: The files of a batch.
        is_whole: Whether all of them could be read; False where some could not for a reason that may pass. The
            fingerprint is then that of no listing, so that the batch is stale until all of it was read.
    """
    digest = xxhash.xxh3_128()
    for file in sorted(files, key=lambda file: file.uri):
        microseconds = (file.modified_at - EPOCH) // timedelta(microseconds=1)
        digest.update(f"{len(file.uri)}:{file.uri}:{file.n_bytes}:{microseconds}:{file.version}\n".encode())
    return digest.hexdigest() + ("" if is_whole else ", not all of it read")


def _list_files(root: "Path | UPath", source: Source) -> list[SourceFile]:
    if not isinstance(root, Path):
        found = list_remote(root, source.patience)
        if [file.path for file in found] == [root]:
            return found
    elif root.is_file():
        return [_source_file(root, root.name)]
    elif root.is_dir():
        links = Links.of(root, source.follow_links)
        found = [_source_file(path, path.relative_to(root).as_posix(), why) for path, why in _walk(root, links)]
    else:
        raise SourceMissing(f"the source {root} does not exist; create it or change source.path")
    matches = glob_pattern(source.pattern).fullmatch
    holds_samples = KINDS[source.kind].holds_samples

    def is_wanted(file: SourceFile) -> bool:
        # Nobody knows what a folder behind a refused link holds, so that no pattern can leave it out.
        return file.is_folder or (matches(file.uri) is not None and holds_samples(file.uri))

    visible = (file for file in found if not any(map(_is_ignored, file.uri.split("/"))))
    return sorted(filter(is_wanted, visible), key=lambda file: file.uri)


def _walk(root: Path, allowed: Links) -> Iterator[tuple[Path, str | None]]:
    """Regular files and dangling links below a folder, and links that may not be followed with the reason.

    Links to folders come last, so that real ones keep their names.
    """
    visited: set[tuple[int, int]] = set()
    folders: list[Path] = [root]
    links: list[Path] = []
    while folders or links:
        folder = folders.pop() if folders else links.pop(0)
        status = folder.stat()
        if (status.st_dev, status.st_ino) in visited:
            continue
        visited.add((status.st_dev, status.st_ino))
        for entry in _entries(folder):
            path = Path(entry.path)
            why_not = allowed.why_not(path) if entry.is_symlink() else None
            if why_not is not None:
                yield path, why_not
            elif _is_folder(entry):
                (links if entry.is_symlink() else folders).append(path)
            elif not path.exists() or entry.is_file():
                yield path, None


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted((entry for entry in entries if not _is_ignored(entry.name)), key=lambda entry: entry.name)
    except FileNotFoundError:
        return []
    except PermissionError as error:
        raise SourceError(f"folder {folder} may not be listed (permission denied); grant read access to it") from error


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        # A link to itself is neither a file nor a folder.
        return False


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name.lower().endswith(_TEMPORARY_ENDINGS)


def _source_file(path: Path, uri: str, why_not: str | None = None) -> SourceFile:
    try:
        status = path.lstat() if why_not else path.stat()
    except OSError:
        status = path.lstat()
    n_bytes = status.st_size if stat.S_ISREG(status.st_mode) else 0
    modified_at = EPOCH + timedelta(microseconds=status.st_mtime_ns // 1000)
    version = "refused" if why_not else ""
    return SourceFile(path, storable(uri), n_bytes, modified_at, version, why_not, bool(why_not) and path.is_dir())


def _batch_key(file: SourceFile, batches: Batches) -> tuple[str, str]:
    """The batch key of a file, and the name that it stands for."""
    if batches.by == "day":
        day = file.modified_at.date().isoformat()
        return day, day
    if batches.by == "hash":
        number = xxhash.xxh3_64_intdigest(file.uri.encode()) % batches.count
        key = f"part-{number:0{max(2, len(str(batches.count - 1)))}d}"
        return key, key
    if batches.by == "file":
        return _key_of_name(file.uri), file.uri
    folder, _, rest = (f"{file.uri}/." if file.is_folder else file.uri).partition("/")
    return (_key_of_name(folder), f"{folder}/") if rest else (_TOP, _TOP)


def _key_of_name(name: str) -> str:
    if name != _TOP and not _NOT_IN_A_KEY.search(name) and len(name) <= _LONGEST_KEY:
        return name
    digits = xxhash.xxh3_64_hexdigest(name.encode())[:8]
    shown = _NOT_IN_A_KEY.sub("-", name).strip("-")[: _LONGEST_KEY - len(digits) - 1]
    return f"{shown or 'batch'}-{digits}"
