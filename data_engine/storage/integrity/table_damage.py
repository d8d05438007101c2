"""The search for damage in a table: its log, its files, and the rows of every commit against their fingerprint.

Nothing is written. What is done about damage is said by `data_engine.runtime.integrity`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from data_engine.places.object_store import arrow_filesystem
from data_engine.schemas import FORMER_NAMES, PARTITION_COLUMNS, SCHEMAS, is_filled
from data_engine.storage.integrity.checksums import CHECKSUMS, digest_of, read_record
from data_engine.storage.integrity.commit_log import (
    LOG,
    AddedFile,
    LogEntry,
    active_files,
    entry_name,
    read_entry,
    versions_in,
)
from data_engine.storage.row_fingerprint import RowFingerprint
from data_engine.storage.storage_errors import first_line
from data_engine.storage.table_store import TableStore
from data_engine.storage.tables.delta_commits import described
from data_engine.storage.tables.table_cache import opened
from data_engine.storage.tables.table_scan import all_of

LAST_CHECKPOINT = f"{LOG}/_last_checkpoint"
"""Tells Delta which checkpoint to begin with."""

_CHECKPOINT = ".checkpoint"
_BATCH_ROWS = 8192


@dataclass(frozen=True)
class Damage:
    """Something of a table that is not as it was written.

    Attributes:
        what: In words.
        path: The file or folder.
        piece: Values of partition columns of the rows that it is about; None where it is about the whole table.
        is_needed: Whether the newest version of the table, or an earlier one that a release or a step reads, needs it.
        is_newest: Whether it is of the newest version, whose rows can be made anew.
        is_record: Whether it is the checksums themselves, which nothing is read from.
        is_checkpoint: Whether it is a checkpoint, without which the log is read entry by entry.
    """

    what: str
    path: Path
    piece: Mapping[str, str] | None = None
    is_needed: bool = True
    is_newest: bool = True
    is_record: bool = False
    is_checkpoint: bool = False


@dataclass
class TableLog:
    """The log of one table, as far as it can be read.

    Attributes:
        name: The table.
        folder: Its folder.
        entries: Its readable commits by version.
        last: The newest version that there is any trace of; -1 without any.
        damaged: Paths of files, below the folder, that are known not to be as they were written.
    """

    name: str
    folder: Path
    entries: dict[int, LogEntry] = field(default_factory=dict)
    last: int = -1
    damaged: set[str] = field(default_factory=set)

    @property
    def is_whole(self) -> bool:
        """Whether every commit can be read."""
        return len(self.entries) == self.last + 1

    def latest_commits(self) -> dict[tuple[tuple[str, str], ...], LogEntry]:
        """The last commit of every piece that holds data, by its partition values."""
        found: dict[tuple[tuple[str, str], ...], LogEntry] = {}
        for version in sorted(self.entries):
            if self.entries[version].info.get("data_version"):
                found[tuple(self.entries[version].piece.items())] = self.entries[version]
        return found


def table_folder(store: TableStore, name: str) -> Path:
    """The folder of a table, also of one that still has its former name; nothing is moved."""
    folder = store.folder / "tables" / name
    former = folder.with_name(FORMER_NAMES.get(name, name))
    return folder if folder.exists() or not former.exists() else former


def read_log(store: TableStore, name: str) -> TableLog:
    """The log of a table as far as it can be read; `log_damage` says what of it cannot."""
    log = TableLog(name, table_folder(store, name))
    log.last = max([-1, *versions_in(log.folder / LOG), *versions_in(log.folder / CHECKSUMS)])
    for version in range(log.last + 1):
        try:
            log.entries[version] = read_entry(log.folder, version)
        except (OSError, ValueError):
            log.damaged.add(f"{LOG}/{entry_name(version)}")
    return log


def find_damage(
    log: TableLog, pinned: Collection[int] = (), advance: Callable[[int], object] = lambda _: None
) -> Iterator[Damage]:
    """Everything of a table that is not as it was written.

    Args:
        log: Of the table.
        pinned: Versions that releases stand on.
        advance: Is told of each commit that is done.
    """
    if log.last < 0:
        if log.folder.exists() and any(path.is_file() for path in log.folder.rglob("*")):
            yield Damage("has no log, so that none of its rows can be read", log.folder)
        return
    newest = active_files([log.entries[version] for version in sorted(log.entries)])
    for damage in _all_versions(log, _needed(log, pinned), advance):
        is_data = damage.path.suffix == ".parquet"
        yield replace(damage, is_newest=not is_data or damage.path.relative_to(log.folder).as_posix() in newest)
    for version in sorted(version for version in pinned if version > log.last):
        what = f"a release stands on version {version}, but the newest is {log.last}"
        yield Damage(what, log.folder, is_newest=False)
    if log.is_whole and not log.damaged:
        yield from _other_view(log)


def _all_versions(log: TableLog, needed: Mapping[str, AddedFile], advance: Callable[[int], object]) -> Iterator[Damage]:
    """Damage of each commit in turn, then the files that are needed and gone."""
    for version in range(log.last + 1):
        yield from _commit_damage(log, version, needed)
        if version in log.entries:
            yield from _row_damage(log, log.entries[version], needed)
        advance(1)
    yield from _missing(log, needed)


def _needed(log: TableLog, pinned: Collection[int]) -> dict[str, AddedFile]:
    """The data files of the newest version, and of those that releases stand on."""
    entries = [log.entries[version] for version in sorted(log.entries)]
    needed = active_files(entries)
    for version in pinned:
        needed |= active_files(entry for entry in entries if entry.version <= version)
    return needed


def _commit_damage(log: TableLog, version: int, needed: Mapping[str, AddedFile]) -> Iterator[Damage]:
    """A commit's log entry, and the bytes of its files against the checksums that were kept of them."""
    entry_path = f"{LOG}/{entry_name(version)}"
    record, problem = _record(log, version)
    if problem:
        yield Damage(problem, log.folder / CHECKSUMS / entry_name(version), is_record=True)
    if not (log.folder / entry_path).exists():
        yield Damage(f"version {version} is missing from its log", log.folder / entry_path)
    elif version not in log.entries:
        yield Damage(f"version {version} of its log cannot be read", log.folder / entry_path)
    entry = log.entries.get(version)
    pieces = {added.path: _piece_of(added, entry) for added in entry.added} if entry else {}
    for name, digest in record.items():
        path = log.folder / name
        if path.exists() and name not in log.damaged and _digest(path) != digest:
            log.damaged.add(name)
            is_needed = name in needed or name not in pieces
            what = "is not the file that was written: its checksum differs"
            yield Damage(what, path, pieces.get(name), is_needed, is_checkpoint=_CHECKPOINT in name)
        elif _CHECKPOINT in name and not path.exists() and (log.folder / LAST_CHECKPOINT).exists():
            # Without the hint nobody looks for it: the log has all that it held.
            yield Damage("a checkpoint of its log is missing", path, is_checkpoint=True)


def _record(log: TableLog, version: int) -> tuple[Mapping[str, str], str]:
    """The checksums of a commit, and what is wrong with them; none of them is used where they are damaged."""
    try:
        record = read_record(log.folder, version) or {}
    except (OSError, ValueError) as error:
        return {}, f"the checksums of version {version} cannot be read ({first_line(error)})"
    entry = log.entries.get(version)
    if entry is None or not record:
        return record, ""
    wanted = {f"{LOG}/{entry_name(version)}", *(added.path for added in entry.added)}
    others = {name for name in record if not name.startswith(f"{LOG}/{version:020}{_CHECKPOINT}")}
    if others != wanted:
        return record, f"the checksums of version {version} are of other files than its log names"
    return record, ""


def _digest(path: Path) -> str:
    try:
        return digest_of(path)
    except OSError:
        return ""


def _row_damage(log: TableLog, entry: LogEntry, needed: Mapping[str, AddedFile]) -> Iterator[Damage]:
    """The rows of a commit against the fingerprint that it names."""
    paths = [added.path for added in entry.added]
    if not entry.info.get("data_version") or any(not (log.folder / path).exists() for path in paths):
        return
    # Of a file that is known to be damaged nothing more is to be learnt, and reading it may fail in any way.
    if log.damaged & {*paths, f"{LOG}/{entry_name(entry.version)}"}:
        return
    path = log.folder / paths[0] if len(paths) == 1 else log.folder
    is_needed = not paths or any(path in needed for path in paths)
    try:
        sizes = {added.path: (log.folder / added.path).stat().st_size for added in entry.added}
        wrong = [added for added in entry.added if sizes[added.path] != added.n_bytes]
        if wrong:
            what = f"has {sizes[wrong[0].path]:,} bytes, but {wrong[0].n_bytes:,} were written"
        else:
            what = _other_rows(log, entry)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        what = f"its rows cannot be read ({first_line(error)})"
    if what:
        log.damaged.update(paths)
        yield Damage(what, path, entry.piece, is_needed)


def _other_rows(log: TableLog, entry: LogEntry) -> str:
    """What is wrong with the rows of a commit; empty where they are those that were written."""
    wanted, n_wanted = str(entry.info["data_version"]), int(entry.info.get("n_rows", -1))
    schemas = _schemas(log, entry)
    fingerprints = [RowFingerprint(schema) for schema in schemas]
    for rows in _rows(log, entry):
        for fingerprint, schema in zip(fingerprints, schemas, strict=True):
            fingerprint.add(_as(rows.select(schema.names), schema))
    n_rows = fingerprints[0].n_rows
    if n_wanted not in (-1, n_rows):
        return f"has {n_rows:,} rows, but {n_wanted:,} were written"
    if wanted not in {fingerprint.value() for fingerprint in fingerprints}:
        return f"its rows, or their order, are not those that were written (data version {wanted})"
    return ""


def _as(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    return rows if rows.schema.types == schema.types else rows.cast(schema)


def _schemas(log: TableLog, entry: LogEntry) -> list[pa.Schema]:
    """The columns that the rows may have had when they were written: those of today, or of an earlier version."""
    schema = SCHEMAS[log.name]
    earlier = pa.schema([column for column in schema if not is_filled(column)])
    first = _physical_schema(log.folder / entry.added[0].path) if entry.added else schema
    known = {*first.names, *PARTITION_COLUMNS.get(log.name, ())}
    present = pa.schema([column for column in schema if column.name in known])
    return [present] if present.names == earlier.names or not entry.added else [present, earlier]


def _physical_schema(path: Path) -> pa.Schema:
    import pyarrow.parquet as pq

    return pq.read_schema(path.name, filesystem=arrow_filesystem(path.parent))


def _rows(log: TableLog, entry: LogEntry) -> Iterator[pa.Table]:
    """The rows of a commit, piece by piece, in the order in which a reader gets them."""
    import pyarrow.dataset as pads

    columns = PARTITION_COLUMNS.get(log.name, ())
    schema = pa.schema([column.with_nullable(True) for column in SCHEMAS[log.name]])
    file_format = pads.ParquetFileFormat(
        default_fragment_scan_options=pads.ParquetFragmentScanOptions(page_checksum_verification=True)
    )
    filesystem = arrow_filesystem(log.folder)
    files = sorted(([added.values.get(name, "") for name in columns], added.path) for added in entry.added)
    fragments = [
        file_format.make_fragment(path, filesystem, all_of(dict(zip(columns, values, strict=True))))
        for values, path in files
    ]
    dataset: Any = pads.FileSystemDataset(fragments, schema, file_format, filesystem)
    for batch in dataset.to_batches(batch_size=_BATCH_ROWS, batch_readahead=2, fragment_readahead=1):
        yield pa.Table.from_batches([batch])


def _missing(log: TableLog, needed: Mapping[str, AddedFile]) -> Iterator[Damage]:
    writers = {added.path: entry for entry in log.entries.values() for added in entry.added}
    for path, added in needed.items():
        if not (log.folder / path).exists():
            yield Damage("is missing", log.folder / path, _piece_of(added, writers[path]))


def _other_view(log: TableLog) -> Iterator[Damage]:
    """What Delta makes of the log and its checkpoints, where that differs from the log itself."""
    try:
        table = opened(log.folder)
        found = {str(path) for path in table.file_uris()}
        version = int(table.version())
    except Exception as error:
        yield Damage(f"cannot be opened ({first_line(error)})", log.folder, is_checkpoint=True)
        return
    entries = [log.entries[version] for version in sorted(log.entries)]
    root = str(log.folder.absolute())
    active = {f"{root}/{path}" for path in active_files(entries)}
    if version != log.last or {path.removeprefix("file://") for path in found} != active:
        what = "opens with other files than its log names; a checkpoint in it is damaged"
        yield Damage(what, log.folder / LOG, is_checkpoint=True)


def _piece_of(added: AddedFile, entry: LogEntry | None) -> Mapping[str, str]:
    return entry.piece if entry is not None and entry.piece else dict(added.values)


def named(log: TableLog, damage: Damage) -> str:
    """The table or the piece of it that damage is about, as errors call it."""
    return described(log.name, damage.piece or {})
