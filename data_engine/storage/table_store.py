"""TableStore: the Delta tables of a corpus, written piece by piece in one commit each, read in a fixed row order.

How they lie on disk is in `tables/`, other files are in the modules of this folder.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from data_engine.errors import InvalidInput, SchemaMismatch, StorageError
from data_engine.places.kinds import is_local
from data_engine.places.object_store import reach
from data_engine.places.place import place
from data_engine.schemas import FORMER_NAMES, PARTITION_COLUMNS
from data_engine.storage.integrity.checksums import record_commit
from data_engine.storage.row_fingerprint import RowFingerprint
from data_engine.storage.schema_check import schema_of
from data_engine.storage.storage_errors import storage_errors
from data_engine.storage.tables.delta_commits import DeltaFolder, described
from data_engine.storage.tables.earlier_rows import read_as_today
from data_engine.storage.tables.partition_rows import partitions_of
from data_engine.storage.tables.piece_versions import piece_versions
from data_engine.storage.tables.small_files import read_small_files
from data_engine.storage.tables.table_scan import all_of, dataset_of

if TYPE_CHECKING:
    from data_engine.storage.accepted_index import SketchIndex
    from data_engine.storage.artefacts import Artefacts
    from data_engine.storage.embedding_cache import EmbeddingCache
    from data_engine.storage.tables.table_cache import TableFile

#: Tables of a row or a few per file, which every step reads several times.
_OF_SMALL_FILES = ("step_versions", "accepted_versions", "check_results")


@dataclass(frozen=True)
class Opened:
    """A table as it was when a step began; a write that builds on it fails when another run was faster."""

    name: str
    version: int | None


@dataclass(frozen=True)
class Written:
    """The result of a write: Delta version, number of rows, and fingerprint of these rows."""

    version: int
    n_rows: int
    data_version: str


@dataclass(frozen=True)
class CommittedVersion:
    """One commit of a table; the fields that only our own writes have are empty for others."""

    version: int
    operation: str
    committed_at: datetime
    partition: Mapping[str, str]
    run_id: str = ""
    code_version: str = ""
    data_version: str = ""
    n_rows: int | None = None


@dataclass(frozen=True)
class TableStore:
    """The tables of one corpus, at `root/<corpus>/tables/<name>`.

    Raises: InvalidInput when the path holds a percent sign, which Delta would decode.
    """

    root: Path
    corpus: str

    def __post_init__(self) -> None:
        reach(place(self.root))
        if "%" in str(self.folder.absolute()):
            raise InvalidInput(
                f"the data folder is {self.folder.absolute()}, and a percent sign in a path is not read back by "
                f"Delta; choose a folder without one"
            )

    @property
    def folder(self) -> Path:
        """The folder of all that belongs to the corpus."""
        return place(self.root) / self.corpus

    def path(self, name: str) -> Path:
        """The folder of a table; one that an earlier version wrote under another name is moved there first."""
        schema_of(name)
        folder = self.folder / "tables" / name
        former = FORMER_NAMES.get(name)
        if former is not None and is_local(folder) and not folder.exists():
            # Of two processes that move it at once, one finds it moved.
            with suppress(OSError):
                folder.with_name(former).rename(folder)
        return folder

    def embedding_cache(self, encoder_version: str, dim: int) -> "EmbeddingCache":
        """The vectors of one encoder, shared by all corpora of the root."""
        from data_engine.storage.embedding_cache import EmbeddingCache

        return EmbeddingCache(self.root, encoder_version, dim)

    def sketch_index(self) -> "SketchIndex":
        """The accepted samples of this corpus by id and by key."""
        from data_engine.storage.accepted_index import SketchIndex

        return SketchIndex(self.folder / "accepted")

    def artefacts(self) -> "Artefacts":
        """Small models and other results of this corpus that can always be computed again."""
        from data_engine.storage.artefacts import Artefacts

        # The folder keeps its older name, because corpora have one.
        return Artefacts(self.folder / "learnt")

    def open(self, name: str) -> Opened:
        """Remember the version that a step starts from, to be given to `write`."""
        return Opened(name, self.version(name))

    def write(
        self,
        name: str,
        rows: pa.Table | Iterable[pa.RecordBatch],
        *,
        partition: Mapping[str, str] | None = None,
        run_id: str,
        code_version: str,
        opened: Opened | None = None,
    ) -> Written:
        """Replace one piece of a table, or all of it, in one commit; other pieces are not touched.

        Args:
            name: Table in `schemas.SCHEMAS`; created at the first write.
            rows: Rows in the schema of the table; may be empty. Of a stream of record batches only a row group is
                held in memory; its rows are of one partition.
            partition: Values of partition columns that select the piece; None replaces the whole table.
            run_id: The run that writes; kept in the commit.
            code_version: Version of the code that made the rows; kept in the commit.
            opened: The table as it was when the step began; by default the latest version is replaced.

        Returns: Version of the commit, number of rows, fingerprint of the rows as they are read.

        Raises: SchemaMismatch when a column, a type, a null or a partition value breaks the schema; ConcurrentWrite
            when another run wrote the same piece meanwhile; StorageError when the disk is full or fails; whatever
            the stream raises. No row of a write that fails is ever read.
        """
        piece = self._piece(name, partition)
        if opened is not None and opened.name != name:
            raise InvalidInput(f"opened is a handle of {opened.name!r} but {name!r} is written; open {name!r}")
        fingerprint = RowFingerprint(schema_of(name))
        partitions = partitions_of(name, rows, piece, fingerprint)
        base = self.version(name) if opened is None else opened.version
        folder = self._delta(name)
        with storage_errors(f"writing {described(name, piece)}", folder.path):
            files = folder.write_files(partitions)
            metadata = {
                "run_id": run_id,
                "code_version": code_version,
                "data_version": fingerprint.value(),
                "n_rows": str(fingerprint.n_rows),
                "partition": json.dumps(piece),
            }
            version = folder.replace(files, piece, metadata, base=base or 0)
            record_commit(folder.path, version, {file.path: file.digest for file in files if file.digest})
        return Written(version, fingerprint.n_rows, metadata["data_version"])

    def read(
        self,
        name: str,
        *,
        partition: Mapping[str, str] | None = None,
        columns: Sequence[str] | None = None,
        among: Mapping[str, pa.Array] | None = None,
        version: int | None = None,
        at: Mapping[str, int] | None = None,
    ) -> pa.Table:
        """The rows of a table, partition by partition in order of their values, each in the order it was written.

        Args:
            name: Table in `schemas.SCHEMAS`.
            partition: Values of partition columns to read; None reads all.
            columns: Columns wanted, in this order; None reads all in the order of the schema.
            among: Values of columns that rows must have to be read; the others are never in memory all at once.
            version: Delta version; None reads the latest.
            at: Partitions to read of a table with one partition column, each as the commit of this version left it.

        Returns: A table of exactly the schema's types; empty where the table or the partition does not exist.

        Raises: SchemaMismatch for an unknown table or column; StorageError when the files cannot be read.
        """
        piece = self._piece(name, partition)
        schema = schema_of(name)
        wanted = list(schema.names if columns is None else columns)
        unknown = [column for column in wanted if column not in schema.names]
        if unknown:
            raise SchemaMismatch(f"{name} has no column {unknown[0]!r}; its columns are {', '.join(schema.names)}")
        with storage_errors(f"reading {described(name, piece)}", self.path(name), intact="nothing was changed"):
            if name in _OF_SMALL_FILES and not among and version is None and at is None:
                rows = self._small_files(name, piece, wanted)
            else:
                rows = self._rows(name, version, piece, at).to_table(columns=wanted, filter=all_of(piece, among))
        return rows.cast(pa.schema([schema.field(column) for column in wanted]))

    def read_about(self, name: str, id_start: str, *, columns: Sequence[str] | None = None) -> pa.Table:
        """The rows of a table about samples whose id begins so, in the order of `read`; few others are looked at.

        Args:
            name: Table in `schemas.SCHEMAS` with a column sample_id.
            id_start: The start of an id, of at least four digits, or all of it.
            columns: Columns wanted; None reads all.

        Raises: StorageError when the files cannot be read.
        """
        from data_engine.storage.tables.sample_places import rows_of_sample

        schema, folder = schema_of(name), self._delta(name)
        wanted = list(schema.names if columns is None else columns)
        with storage_errors(f"reading {name}", folder.path, intact="nothing was changed"):
            found = dataset_of(folder, are_verified=False)
            try:
                tables = list(rows_of_sample(found, wanted, self.artefacts(), name, id_start))
            except (OSError, pa.ArrowException) as error:
                raise found.damage() or error from error
        schema = pa.schema([schema.field(column) for column in wanted])
        return pa.concat_tables([schema.empty_table(), *(each.cast(schema) for each in tables)])

    def _small_files(self, name: str, piece: Mapping[str, str], columns: Sequence[str]) -> pa.Table:
        folder = self._delta(name)

        def dataset_of_files(files: "Sequence[TableFile]") -> Any:
            return dataset_of(folder, files=files, are_verified=False)

        return read_small_files(folder, piece, columns, artefacts=self.artefacts(), dataset_of=dataset_of_files)

    def dataset(self, name: str, *, version: int | None = None, at: Mapping[str, int] | None = None) -> Any:
        """A table as a pyarrow dataset in its schema, for scans that are larger than memory and for DuckDB.

        Rows that an earlier version of the engine wrote have the columns and words of today.

        Args:
            name: Table in `schemas.SCHEMAS`.
            version: Delta version; None is the latest.
            at: Partitions, each as the commit of this version left it; others are left out.

        Raises: StorageError when the version does not exist.
        """
        return self._rows(name, version, {}, at)

    def _rows(
        self,
        name: str,
        version: int | None,
        piece: Mapping[str, str],
        at: Mapping[str, int] | None,
    ) -> Any:
        folder = self._delta(name)
        if version is not None and not folder.exists():
            raise StorageError(
                f"version {version} of {name} is asked for, but {folder.path} does not exist; materialize {name}"
            )
        with storage_errors(f"opening {name}", folder.path, intact="nothing was changed"):
            found = dataset_of(folder, version, piece, at)
            return read_as_today(name, found) if folder.may_have_earlier_rows(version) else found

    def exists(self, name: str) -> bool:
        """Whether the table was ever written."""
        return self._delta(name).exists()

    def version(self, name: str) -> int | None:
        """The latest version of a table; None when it does not exist."""
        folder = self._delta(name)
        if not folder.exists():
            return None
        with storage_errors(f"opening {name}", folder.path, intact="nothing was changed"):
            return int(folder.open().version())

    def rewritten(self, name: str, at: Mapping[str, int]) -> dict[str, int]:
        """Those of the partitions whose rows of these versions are not in the latest version of the table any more."""
        folder = self._delta(name)
        if not at or not folder.exists():
            return {}
        with storage_errors(f"reading the history of {name}", folder.path, intact="nothing was changed"):
            last = piece_versions(folder.path)
        return {value: version for value, version in at.items() if last.of(value) != version}

    def history(self, name: str) -> list[CommittedVersion]:
        """The commits of a table, the newest first; empty when it does not exist."""
        if not self.exists(name):
            return []
        with storage_errors(f"reading the history of {name}", self.path(name), intact="nothing was changed"):
            return [_committed(entry) for entry in self._delta(name).open().history()]

    def _delta(self, name: str) -> DeltaFolder:
        return DeltaFolder(self.path(name), schema_of(name), PARTITION_COLUMNS.get(name, ()))

    def _piece(self, name: str, partition: Mapping[str, str] | None) -> dict[str, str]:
        """The partition asked for, in the order of the table's partition columns."""
        columns = PARTITION_COLUMNS.get(name, ())
        unknown = [column for column in partition or {} if column not in columns]
        if unknown:
            raise InvalidInput(
                f"{name} is not partitioned by {unknown[0]!r}; "
                + (f"its partition columns are {', '.join(columns)}" if columns else "read and write it whole")
            )
        return {column: (partition or {})[column] for column in columns if column in (partition or {})}


def _committed(entry: Mapping[str, Any]) -> CommittedVersion:
    return CommittedVersion(
        version=entry["version"],
        operation=entry["operation"],
        committed_at=datetime.fromtimestamp(entry["timestamp"] / 1000, UTC),
        partition=json.loads(entry.get("partition", "{}")),
        run_id=entry.get("run_id", ""),
        code_version=entry.get("code_version", ""),
        data_version=entry.get("data_version", ""),
        n_rows=int(entry["n_rows"]) if "n_rows" in entry else None,
    )
