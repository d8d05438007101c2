"""The Delta side of a table: creating it, replacing a piece of it in one commit, and telling who was first.

What a table is called and which rows it takes is in `table_store.py`.

The empty string is no legal partition value in Delta (it reads back as null), so `no partition` is null on disk and
the empty string everywhere else.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.errors import ConcurrentWrite, SchemaMismatch
from data_engine.schemas import is_filled
from data_engine.storage.row_fingerprint import plain_type
from data_engine.storage.table_cache import is_known, latest_of

_ATTEMPTS = 20

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

#: Commits that change no row.
HARMLESS_COMMITS = ("CREATE", "VACUUM", "OPTIMIZE", "FSCK", "ADD COLUMN", "CHANGE COLUMN")


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

        return is_known(self.path) or (self.path.exists() and bool(DeltaTable.is_deltatable(str(self.path))))

    def open(self, version: int | None = None) -> Any:
        """The table as of a version, by default the latest."""
        from deltalake import DeltaTable

        return latest_of(self.path) if version is None else DeltaTable(str(self.path), version=version)

    def open_or_create(self) -> Any:
        """The latest table; of several processes that create it at once, one does and the others open it."""
        if not self.exists():
            self._create()
        return self.open()

    def _create(self) -> None:
        """Make the empty table beside its place and move it there, or leave it to the process that was first.

        Two processes that call Delta's own `create` on one place can both succeed, one as a second commit.
        """
        from deltalake import DeltaTable

        beside = self.path.with_name(f".{self.path.name}-{uuid4().hex}")
        try:
            columns = list(self.partition_columns)
            DeltaTable.create(
                str(beside), schema=self.schema_on_disk, partition_by=columns, configuration=_CONFIGURATION
            )
            with suppress(OSError):
                beside.rename(self.path)
            # What a killed process left there is in the way of the folder, but not of its log.
            with suppress(OSError):
                (beside / "_delta_log").rename(self.path / "_delta_log")
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def replace(
        self, rows: pa.Table, piece: Mapping[str, str], metadata: Mapping[str, str], *, base: int | None
    ) -> int:
        """Replace one piece of the table, or all of it, in one commit.

        Args:
            rows: The new rows, in the schema of the table.
            piece: Values of partition columns; empty means the whole table.
            metadata: What the commit says about itself; has `run_id`.
            base: Version that the rows were computed from; None: the latest.

        Returns: Version of the commit.

        Raises: ConcurrentWrite when another run committed to the same piece after `base`.
        """

        def commit(table: Any) -> None:
            self._take_over(table)
            write_rows(table, self._on_disk(rows), predicate_of(piece), metadata)

        return self._committed(commit, piece, metadata["run_id"], base)

    def _committed(self, commit: Callable[[Any], None], piece: Mapping[str, str], run_id: str, base: int | None) -> int:
        """Commit, and again on top of what others committed elsewhere in the table meanwhile."""
        from deltalake.exceptions import CommitFailedError

        latest = self.open_or_create()
        table = latest if base is None else self.open(base)
        first = int(table.version())
        for _ in range(_ATTEMPTS):
            try:
                commit(table)
            except CommitFailedError as error:
                table = self.open()
                winner = _winner(table, first, piece, run_id)
                if winner is not None:
                    raise self._lost(piece, winner) from error
            else:
                return int(table.version())
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
            f"which another version of the engine wrote; move that folder away and materialize the table anew"
        )

    def _lost(self, piece: Mapping[str, str], winner: Mapping[str, Any]) -> ConcurrentWrite:
        return ConcurrentWrite(
            f"run {winner.get('run_id', 'unknown')} committed version {winner['version']} of "
            f"{described(self.path.name, piece)} after this run had read it; that version stays and nothing of this "
            f"run was written: run it again to build on that version"
        )

    def _on_disk(self, rows: pa.Table) -> pa.Table:
        """The rows with null in the place of empty partition values.

        Without the descriptions of the columns: Delta refuses rows whose descriptions are not those of the table, and
        a table of an earlier version has its own.
        """
        columns = [
            pc.if_else(pc.equal(rows[name], ""), pa.scalar(None, pa.string()), rows[name])
            if name in self.partition_columns
            else rows[name]
            for name in rows.column_names
        ]
        fields = [field.remove_metadata() for field in self.schema_on_disk]
        return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def write_rows(table: Any, rows: pa.Table, predicate: str, metadata: Mapping[str, str]) -> None:
    """The one call that writes rows into a Delta table: what the predicate selects is replaced by the rows."""
    from deltalake import CommitProperties, write_deltalake

    write_deltalake(
        table,
        rows,
        mode="overwrite",
        predicate=predicate,
        commit_properties=CommitProperties(custom_metadata=dict(metadata)),
    )


def described(name: str, piece: Mapping[str, str]) -> str:
    """A table or a piece of it, as errors call it."""
    values = ", ".join(f"{column} {value!r}" for column, value in piece.items())
    return f"{values} of {name}" if values else name


def predicate_of(piece: Mapping[str, str]) -> str:
    """The SQL predicate that selects a piece; values are quoted.

    The whole table is `true`, not no predicate: without one, two runs that replace the same empty table both succeed
    and leave the rows of both.
    """
    conditions = (
        f"{column} = '{value.replace(chr(39), chr(39) * 2)}'" if value else f"{column} IS NULL"
        for column, value in piece.items()
    )
    return " AND ".join(conditions) or "true"


def _winner(table: Any, base: int, piece: Mapping[str, str], run_id: str) -> dict[str, Any] | None:
    """The newest commit after `base` by another run that touched the piece."""
    for entry in table.history():
        if entry.get("version", base) <= base or entry["operation"].startswith(HARMLESS_COMMITS):
            continue
        if entry.get("run_id") != run_id and _overlap(piece, json.loads(entry.get("partition", "{}"))):
            return dict(entry)
    return None


def _overlap(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Two pieces share rows unless some column separates them."""
    return all(one[column] == other[column] for column in one.keys() & other.keys())
