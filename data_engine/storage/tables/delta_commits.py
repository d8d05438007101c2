"""The Delta side of a table: creating it, replacing a piece of it in one commit, and telling who was first.

What a table is called and which rows it takes is in `table_store.py`.

The empty string is no legal partition value in Delta (it reads back as null), so `no partition` is null on disk and
the empty string everywhere else.
"""

import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from data_engine.errors import ConcurrentWrite, SchemaMismatch
from data_engine.places.kinds import is_local
from data_engine.places.object_store import delta_options, probe
from data_engine.schemas import is_filled
from data_engine.storage.atomic_files import beside
from data_engine.storage.row_fingerprint import plain_type
from data_engine.storage.tables.parquet_files import DataFile, PartitionRows, delete_files, write_files
from data_engine.storage.tables.table_cache import HARMLESS, is_known, latest_of, opened

_ATTEMPTS = 300

#: Logs are kept for ever, because a pinned version needs them. Statistics are off, because they would copy texts into
#: the log, and files are chosen by partition anyway.
_CONFIGURATION = {
    "delta.checkpointInterval": "50",
    "delta.enableExpiredLogCleanup": "false",
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.dataSkippingNumIndexedCols": "0",
}

#: What a column says on disk that was added to a table with rows.
_ADDED = {b"added": b"true"}


@dataclass(frozen=True)
class DeltaFolder:
    """The folder of one Delta table."""

    path: Path
    schema: pa.Schema
    partition_columns: tuple[str, ...]

    @property
    def schema_as_read(self) -> pa.Schema:
        """The schema with nullable columns where rows of an earlier version have nothing to read."""
        return pa.schema([f.with_nullable(True) if is_filled(f) else f for f in self.schema])

    @property
    def schema_on_disk(self) -> pa.Schema:
        """The schema with nullable partition columns, since null is how Delta says `no partition`.

        Columns that earlier rows lack are nullable too: those rows stay as they are.
        """
        columns = self.partition_columns
        return pa.schema([f.with_nullable(True) if f.name in columns else f for f in self.schema_as_read])

    def may_have_earlier_rows(self, version: int | None = None) -> bool:
        """Whether some rows may lack a column that is filled when read: the table was made without it."""
        filled = [field.name for field in self.schema if is_filled(field)]
        if not filled or not self.exists():
            return False
        on_disk = {field.name: field.metadata or {} for field in pa.schema(self.open(version).schema().to_arrow())}
        return any(name not in on_disk or _ADDED.items() <= on_disk[name].items() for name in filled)

    def exists(self) -> bool:
        """Whether the table was ever created."""
        from deltalake import DeltaTable

        if is_known(self.path):
            return True
        options = delta_options(self.path)
        is_there = not is_local(self.path) or self.path.exists()
        return is_there and bool(DeltaTable.is_deltatable(str(self.path), storage_options=options))

    def open(self, version: int | None = None) -> Any:
        """The table as of a version, by default the latest."""
        return latest_of(self.path) if version is None else opened(self.path, version)

    def open_or_create(self) -> Any:
        """The latest table; of several processes that create it at once, one does and the others open it."""
        if not self.exists():
            self._create()
        return self.open()

    def _create(self) -> None:
        """Make the empty table beside its place and move it there, or leave it to the process that was first.

        Two processes that call Delta's own `create` on one place can both succeed, one as a second commit.
        """
        if not is_local(self.path):
            # A second commit that makes the table changes nothing of it.
            self._create_at(self.path, mode="ignore")
            return
        made = beside(self.path)
        try:
            self._create_at(made)
            with suppress(OSError):
                made.rename(self.path)
            # What a killed process left there is in the way of the folder, but not of its log.
            with suppress(OSError):
                (made / "_delta_log").rename(self.path / "_delta_log")
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def _create_at(self, place: Path, mode: Literal["error", "ignore"] = "error") -> None:
        from deltalake import DeltaTable

        DeltaTable.create(
            str(place),
            schema=self.schema_on_disk,
            partition_by=list(self.partition_columns),
            configuration=_CONFIGURATION,
            mode=mode,
            storage_options=delta_options(place),
        )

    def write_files(self, partitions: Iterable[PartitionRows]) -> list[DataFile]:
        """Write rows into files of this folder that no version names yet; see `parquet_files.write_files`."""
        columns = [field.remove_metadata() for field in self.schema_on_disk if field.name not in self.partition_columns]
        return write_files(self.path, pa.schema(columns), partitions)

    def replace(
        self, files: Sequence[DataFile], piece: Mapping[str, str], metadata: Mapping[str, str], *, base: int
    ) -> int:
        """Replace one piece of the table, or all of it, by files that are written, in one commit.

        Args:
            files: From `write_files`.
            piece: Values of partition columns; empty means the whole table.
            metadata: What the commit says about itself; has `run_id`.
            base: Version that the rows were computed from; 0 where there was no table.

        Returns: Version of the commit.

        Raises: ConcurrentWrite when another run committed to the same piece after `base`. The files are deleted where
            nothing was committed for certain; after any other error they are left to `retention.vacuum`.
        """
        try:
            return self._committed(files, piece, metadata, base)
        except (ConcurrentWrite, SchemaMismatch):
            delete_files(self.path, files)
            raise

    def _committed(
        self, files: Sequence[DataFile], piece: Mapping[str, str], metadata: Mapping[str, str], base: int
    ) -> int:
        """Commit, and again on top of what others committed elsewhere in the table meanwhile."""
        from deltalake.exceptions import CommitFailedError

        probe(self.path)
        table = self.open_or_create()
        for _ in range(_ATTEMPTS):
            winner = _winner(table, base, piece, metadata["run_id"])
            if winner is not None:
                raise self._lost(piece, winner)
            before = int(table.version())
            try:
                self._take_over(table)
                version = int(table.version()) + 1
                commit_files(table, files, piece, metadata)
            except CommitFailedError:
                table = self.open()
                if int(table.version()) == before:
                    raise
            else:
                table.update_incremental()
                return version
        raise ConcurrentWrite(
            f"{described(self.path.name, piece)} could not be written in {_ATTEMPTS} attempts because other runs keep "
            f"committing to the table; run it again when fewer runs write at once"
        )

    def _take_over(self, table: Any) -> None:
        """A table of an older engine gets the columns that it lacks where they may be null, as they are read from it.

        A column that may be null by now may be so in the table too. What differs otherwise is refused: Delta would
        cast in silence.
        """
        found = pa.schema(table.schema().to_arrow())
        on_disk = {field.name: plain_type(field.type) for field in found}
        required = {field.name for field in found if not field.nullable}
        new = []
        for field in self.schema_on_disk:
            if field.name not in on_disk and field.nullable and field.name not in self.partition_columns:
                new.append(field.with_metadata({**(field.metadata or {}), **_ADDED}))
            elif on_disk.pop(field.name, None) != field.type:
                raise self._other_schema(field.name, str(field.type))
        if on_disk:
            raise self._other_schema(next(iter(on_disk)), "missing")
        if new:
            from deltalake import Schema

            table.alter.add_columns(list(Schema.from_arrow(pa.schema(new)).fields))
        for field in self.schema_on_disk:
            if field.nullable and field.name in required:
                table.alter.drop_column_not_null(field.name)

    def _other_schema(self, column: str, wanted: str) -> SchemaMismatch:
        return SchemaMismatch(
            f"column {column!r} of {self.path.name} is {wanted} in its schema but not in the table at {self.path}, "
            f"which another version of the engine wrote; move that folder away and give "
            f"`data-engine run {self.path.parent.parent.name}`, which makes all of the table anew"
        )

    def _lost(self, piece: Mapping[str, str], winner: Mapping[str, Any]) -> ConcurrentWrite:
        return ConcurrentWrite(
            f"run {winner.get('run_id', 'unknown')} committed version {winner['version']} of "
            f"{described(self.path.name, piece)} after this run had read it; that version stays and nothing of this "
            f"run was written: run it again to build on that version"
        )


def commit_files(table: Any, files: Sequence[DataFile], piece: Mapping[str, str], metadata: Mapping[str, str]) -> None:
    """The one call that changes a Delta table: what the piece holds is replaced by these files.

    Raises: deltalake.exceptions.CommitFailedError when the table has a newer version. Delta would look whether that
        concerns the same rows, but sees no conflict between two runs that fill a partition without rows.
    """
    from deltalake import CommitProperties

    table.create_write_transaction(
        [_added(file) for file in files],
        "overwrite",
        table.schema(),
        table.metadata().partition_columns,
        # The empty string selects null.
        [(column, "=", value) for column, value in piece.items()] or None,
        commit_properties=CommitProperties(custom_metadata=dict(metadata), max_commit_retries=0),
    )


def _added(file: DataFile) -> Any:
    from deltalake.transaction import AddAction

    statistics = {"numRecords": file.n_rows, "minValues": {}, "maxValues": {}, "nullCount": {}}
    return AddAction(file.path, file.size, file.values, file.modified_ms, True, json.dumps(statistics))


def described(name: str, piece: Mapping[str, str]) -> str:
    """A table or a piece of it, as errors call it."""
    values = ", ".join(f"{column} {value!r}" for column, value in piece.items())
    return f"{values} of {name}" if values else name


def _winner(table: Any, base: int, piece: Mapping[str, str], run_id: str) -> dict[str, Any] | None:
    """The newest commit after `base` by another run that touched the piece."""
    n_later = int(table.version()) - base
    for entry in table.history(n_later) if n_later > 0 else ():
        if entry.get("version", base) <= base or entry["operation"].startswith(HARMLESS):
            continue
        if entry.get("run_id") != run_id and _overlap(piece, json.loads(entry.get("partition", "{}"))):
            return dict(entry)
    return None


def _overlap(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Two pieces share rows unless some column separates them."""
    return all(one[column] == other[column] for column in one.keys() & other.keys())
