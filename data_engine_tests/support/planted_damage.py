"""Damage planted in the finished corpus `notes`: one kind each, as a disk, a kill, a copy or a person leaves it.

Each is a function of the data folder; what the check is to say of it stands in the test that plants it.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data_engine.releasing.integrity import manifest_text
from data_engine.storage import TableStore

_DEAD = "0123456789abcdef-999999999-"


def _tables(data: Path) -> Path:
    return data / "notes" / "tables"


def _rows_of(data: Path, table: str) -> Path:
    """The newest Parquet file of a table."""
    return max(_tables(data).glob(f"{table}/**/part-*.parquet"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def _entries(data: Path, table: str) -> list[Path]:
    return sorted((_tables(data) / table / "_delta_log").glob("*.json"))


def _in_the_middle(path: Path) -> None:
    """One byte of a file becomes another."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _extra_entry(data: Path) -> None:
    last = _entries(data, "labels")[-1]
    shutil.copy(last, last.with_name(f"{int(last.stem) + 1:020}.json"))


def _lost_checkpoint(data: Path) -> None:
    """A checkpoint, with its checksum, that is then lost."""
    from deltalake import DeltaTable

    from data_engine.storage.integrity.checksums import record_commit

    table = DeltaTable(str(_tables(data) / "labels"))
    table.create_checkpoint()
    record_commit(_tables(data) / "labels", table.version())
    next((_tables(data) / "labels" / "_delta_log").glob("*.checkpoint.parquet")).unlink()


def _other_vector(data: Path) -> None:
    """Another number in one row of the cache, in a file that is sound as Parquet."""
    path = min((data / "_embeddings").glob("*/*.parquet"))
    table = pq.read_table(path)
    rows = table["embedding"].to_pylist()
    rows[3] = rows[4]
    column = pa.array(rows, table.schema.field("embedding").type)
    pq.write_table(table.set_column(1, "embedding", column), path, compression="none", write_page_checksum=True)


def _forged_vector(data: Path) -> None:
    """The same in a file whose name and checksums fit, so that only the table knows better."""
    from data_engine.storage import embedding_cache

    path = min((data / "_embeddings").glob("*/*.parquet"))
    table = pq.read_table(path)
    rows = table["embedding"].to_pylist()
    rows[3] = rows[4]
    path.unlink()
    embedding_cache._write(path.parent, table["sample_id"].to_pylist(), b"".join(rows))


def _older_index(data: Path) -> None:
    """One segment of the accepted samples lacks what its batch has accepted, and is sealed as a whole one is."""
    from data_engine.storage.accepted_index import Segment
    from data_engine.storage.checksums import seal

    path = min((data / "notes" / "accepted").glob("*.sketches"))
    whole = Segment.read(path)
    keeps = whole.rows < len(whole) - 1
    n = int(keeps.sum(axis=1).min())
    keys = [keys[kept][:n] for keys, kept in zip(whole.keys, keeps, strict=True)]
    rows = [rows[kept][:n] for rows, kept in zip(whole.rows, keeps, strict=True)]
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        Segment(whole.ids[:-1], whole.sketches[:-1], np.stack(keys), np.stack(rows)).write(file)
    seal(beside, path.name)
    beside.replace(path)


def _in_the_queue(statement: str) -> Callable[[Path], None]:
    def change(data: Path) -> None:
        with closing(sqlite3.connect(data / "review.db")) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute(statement)
            connection.commit()

    return change


def _release(data: Path) -> Path:
    return next(path for path in (data / "notes" / "releases").iterdir() if path.name[0] != ".")


def _other_manifest(data: Path) -> None:
    """Another number in the manifest, whose own checksum fits again."""
    path = _release(data) / "manifest.json"
    path.write_text(manifest_text({**json.loads(path.read_text("utf-8")), "n_samples": 7}), "utf-8")


def _pins_of_a_later_version(data: Path) -> None:
    path = data / "notes" / "pins.json"
    found = json.loads(path.read_text("utf-8"))
    next(iter(found.values()))["labels"] = 99
    path.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", "utf-8")


def _leftover(data: Path) -> None:
    path = data / "notes" / "reports" / f".report.html.{_DEAD}{'0' * 32}.tmp"
    path.write_text("half", "utf-8")
    os.utime(path, (0, 0))


def _half_a_release(data: Path) -> None:
    shutil.copytree(_release(data), _release(data).with_name("0123456789abcdef"))
    (_release(data).with_name("0123456789abcdef") / "manifest.json").unlink()


def _tombstone_of_one_that_is_there(data: Path) -> None:
    sample_id = TableStore(data, "notes").read("release", columns=["sample_id"])["sample_id"][0].as_py()
    stone = {"sample_id": sample_id, "at": "2026-01-01T00:00:00+00:00", "reason": "asked for", "releases": []}
    (data / "notes" / "tombstones.json").write_text(json.dumps([stone]), "utf-8")


def _ledger_without_a_row(data: Path) -> None:
    store = TableStore(data, "notes")
    piece = {"step": "labels", "batch": ""}
    rows = store.read("ledger", partition=piece)
    store.write("ledger", rows.slice(1), partition=piece, run_id="somebody", code_version="1")


def _lock_is_a_folder(data: Path) -> None:
    path = data / "notes" / "command.lock"
    path.unlink(missing_ok=True)
    path.mkdir()


@dataclass(frozen=True)
class Planted:
    """A kind of damage, and what the check is to say.

    Attributes:
        check: The kind of check that finds it.
        act: What does it, given the data folder.
        where: Part of the place that a finding names.
        what: Part of its words.
        remedy: Part of what mends it.
        severity: Of the finding.
    """

    check: str
    act: Callable[[Path], object]
    where: str
    what: str
    remedy: str
    severity: str = "error"


def put_back(folder: Path, whole: Path) -> None:
    """Make a copy of a folder what it was copied from; files with the same size and time are left."""
    for path in sorted(folder.rglob("*"), reverse=True):
        original = whole / path.relative_to(folder)
        if path.is_dir() and not original.is_dir():
            path.rmdir()
        elif path.is_file() and not original.is_file():
            path.unlink()
    for original in sorted(whole.rglob("*")):
        path = folder / original.relative_to(whole)
        if original.is_dir():
            path.mkdir(exist_ok=True)
        elif not path.exists() or _state(path) != _state(original):
            shutil.copy2(original, path)


def _state(path: Path) -> tuple[int, int]:
    return path.stat().st_size, path.stat().st_mtime_ns


_RESTORE_QUEUE = "restore the queue from a backup"
_TASK = "(select min(task_id) from review_task)"

DAMAGE: Mapping[str, Planted] = {
    "table file cut": Planted(
        "tables",
        lambda data: _cut(_rows_of(data, "labels")),
        "labels: ",
        "checksum differs",
        ".parquet && data-engine run notes",
    ),
    "byte of a batch": Planted(
        "tables",
        lambda data: _in_the_middle(_rows_of(data, "first_pass")),
        "of first_pass: ",
        "checksum differs",
        ".parquet && data-engine run notes",
    ),
    "data file gone": Planted(
        "tables",
        lambda data: _rows_of(data, "cluster_portraits").unlink(),
        "cluster_portraits: ",
        "is missing",
        "data-engine run",
    ),
    "classifier gone": Planted(
        "tables",
        lambda data: _rows_of(data, "classifier").unlink(),
        "classifier: ",
        "is missing",
        "data-engine run notes",
    ),
    "log entry gone": Planted(
        "tables",
        lambda data: _entries(data, "ledger")[5].unlink(),
        "ledger: ",
        "version 5 is missing",
        "backfill notes",
    ),
    "last log entry gone": Planted(
        "tables",
        lambda data: _entries(data, "embeddings")[-1].unlink(),
        "embeddings: ",
        "is missing from its log",
        "backfill",
    ),
    "log entry too many": Planted(
        "step_versions", _extra_entry, "labels", "its newest rows are of version 2", "data-engine run notes"
    ),
    "checkpoint gone": Planted("tables", _lost_checkpoint, "labels: ", "Had a _last_checkpoint hint", "rm -f "),
    "checksums gone bad": Planted(
        "tables",
        lambda data: _cut(max((_tables(data) / "labels" / "_checksums").iterdir())),
        "labels: ",
        "the checksums of version 1 cannot be read",
        "rm ",
    ),
    "table of a step gone": Planted(
        "step_versions",
        lambda data: shutil.rmtree(_tables(data) / "proposals"),
        "proposals",
        "does not have them",
        "data-engine run notes",
    ),
    "ledger without a row": Planted(
        "step_versions", _ledger_without_a_row, "labels", "its ledger rows are not", "data-engine run notes"
    ),
    "cached vector": Planted(
        "embedding_cache", _other_vector, "embedding cache", "not those that its name is the hash of", "rm "
    ),
    "forged vector": Planted(
        "embedding_cache", _forged_vector, "embedding cache", "1 of its embeddings are not those of the rows", "rm "
    ),
    "index of other samples": Planted(
        "accepted_samples", _older_index, "accepted samples", "other samples than first_pass keeps", "rm "
    ),
    "small model cut": Planted(
        "derived_files",
        lambda data: _cut(min((data / "notes" / "learnt").glob("tree-members-*"))),
        "learnt/tree-members",
        "checksum",
        "rm ",
    ),
    "mart gone": Planted(
        "derived_files",
        lambda data: (data / "notes/marts/funnel/data.parquet").unlink(),
        "mart funnel",
        "is missing",
        "data-engine run",
    ),
    "report changed": Planted(
        "derived_files",
        lambda data: _in_the_middle(data / "notes/reports/report.html"),
        "quality report",
        "checksum differs",
        "rm -f ",
    ),
    "task of another sample": Planted(
        "review_queue",
        _in_the_queue(f"update review_task set sample_id = 'f' || substr(sample_id, 2) where task_id = {_TASK}"),
        "review batch notes-round",
        "is not that of its sample and purpose",
        _RESTORE_QUEUE,
    ),
    "answer without task": Planted(
        "review_queue",
        _in_the_queue("delete from review_task where task_id = (select min(task_id) from review_annotation)"),
        "review.db",
        "foreign_key_check",
        _RESTORE_QUEUE,
    ),
    "queue is no database": Planted(
        "review_queue",
        lambda data: (data / "review.db").write_bytes(b"no database" * 99),
        "review.db",
        "cannot be read",
        _RESTORE_QUEUE,
    ),
    "queue gone": Planted(
        "review_queue",
        lambda data: (data / "review.db").unlink(),
        "review.db",
        "is missing",
        _RESTORE_QUEUE,
    ),
    "release file changed": Planted(
        "releases",
        lambda data: _in_the_middle(_release(data) / "data.jsonl"),
        "data.jsonl",
        "its sha256 is",
        "data-engine run notes",
    ),
    "manifest changed": Planted(
        "releases", _other_manifest, "data.parquet", "the manifest says 7", "data-engine run notes"
    ),
    "release half there": Planted("releases", _half_a_release, "releases/0123456789abcdef", "half a release", "rm -r "),
    "file put into a release": Planted(
        "releases",
        lambda data: (_release(data) / "mine.txt").write_text("x"),
        "mine.txt",
        "no file of the release",
        "mv ",
    ),
    "newest release gone": Planted(
        "releases",
        lambda data: shutil.rmtree(_release(data)),
        "notes/releases/",
        "the newest release is missing",
        "data-engine run",
    ),
    "pin of a version that never was": Planted(
        "pins", _pins_of_a_later_version, "pins.json", "pins other versions", "data-engine check notes --mend-pins"
    ),
    "pins unreadable": Planted(
        "pins", lambda data: (data / "notes/pins.json").write_text("{"), "pins.json", "cannot be read", "--mend-pins"
    ),
    "forgotten sample again": Planted(
        "forgotten",
        _tombstone_of_one_that_is_there,
        "raw_index",
        "1 samples that were forgotten are there again",
        "forget",
    ),
    "lock is a folder": Planted("locks", _lock_is_a_folder, "command.lock", "is a folder", "rm -r "),
    "history damaged": Planted(
        "history",
        lambda data: (data.parent / "home/history/runs.db").write_bytes(b"x" * 5000),
        "runs.db",
        "is damaged",
        "rm -f ",
    ),
    "half-written file": Planted(
        "orphans", _leftover, "notes/reports", "1 files that nothing names", "data-engine clean notes", severity="note"
    ),
    "foreign file": Planted(
        "orphans",
        lambda data: (data / "notes/tables/mine").write_text("x"),
        "notes/tables/mine",
        "nothing that the engine wrote",
        "rm -r ",
        severity="note",
    ),
}
