"""A queue that an earlier version wrote becomes one of today, whole or not at all, and loses nothing."""

import json
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from earlier_project import REVIEW_BATCH, unpack_earlier_project
from earlier_queues import EARLIER_VERSIONS, write_earlier_queue
from sqlalchemy.dialects import postgresql

from data_engine.errors import StorageError
from data_engine.review import SCHEMA_VERSION, ReviewQueue, queue_migrations
from data_engine.review.queue_audit import read_queue
from data_engine.review.queue_database import open_engine
from data_engine.review.queue_migrations import migrate
from data_engine.review.queue_tables import metadata

NOW = datetime(2026, 4, 1, tzinfo=UTC)
_KEPT = "task_id, annotator, submission_id, provenance, revision, submitted_at, active_s"
_TABLES = ("batch", "task", "proposal", "annotator", "lease", "annotation", "decision", "audit")


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The database file of a queue of schema version 1."""
    unpack_earlier_project(tmp_path / "project", tmp_path / "data")
    return tmp_path / "data" / "review.db"


def rows_of(path: Path, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(sql).fetchall()


def dump_of(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return list(database.iterdump())


def shape_of(path: Path) -> dict[str, list[tuple]]:
    """Columns of every table with their nullability and keys, in the order of their names."""
    return {
        name: sorted((row[1], row[2], row[3], row[5]) for row in rows_of(path, f"pragma table_info({name})"))
        for (name,) in rows_of(path, "select name from sqlite_master where type = 'table' and name like 'review_%'")
    }


def test_every_row_stays_and_labels_become_answers(earlier):
    before = {name: rows_of(earlier, f"select count(*) from review_{name}") for name in _TABLES}
    answers = rows_of(
        earlier, f"select annotation_id, submitted_label, label, {_KEPT} from review_annotation order by 1"
    )
    proposals = rows_of(earlier, "select task_id, label, probability from review_proposal order by 1")
    assert before["annotation"] == [(50,)]
    ReviewQueue(f"sqlite:///{earlier}").close()
    assert {name: rows_of(earlier, f"select count(*) from review_{name}") for name in _TABLES} == before
    assert rows_of(earlier, "select max(version) from review_schema") == [(SCHEMA_VERSION,)]
    columns = f"annotation_id, submitted_answer, label, {_KEPT}, kind, answer"
    now = rows_of(earlier, f"select {columns} from review_annotation order by 1")
    assert [(i, json.loads(submitted)["label"], *kept) for i, submitted, *kept, _, _ in now] == answers
    assert all(kind == "class" and json.loads(answer) == {"label": label} for _, _, label, *_, kind, answer in now)
    assert rows_of(earlier, "select task_id, label, probability from review_proposal order by 1") == proposals
    assert all(
        json.loads(answer) == {"label": label}
        for answer, label in rows_of(earlier, "select answer, label from review_proposal")
    )
    assert rows_of(earlier, "select distinct kind from review_batch") == [("class",)]


def test_the_tables_are_those_of_a_new_queue(earlier, tmp_path):
    ReviewQueue(f"sqlite:///{earlier}").close()
    ReviewQueue(f"sqlite:///{tmp_path / 'new.db'}").close()
    assert shape_of(earlier) == shape_of(tmp_path / "new.db")
    assert rows_of(earlier, "pragma foreign_key_check") == []
    assert rows_of(earlier, "pragma integrity_check") == [("ok",)]


def test_the_queue_goes_on_where_it_was(earlier):
    with ReviewQueue(f"sqlite:///{earlier}") as queue:
        answers = queue.answers(REVIEW_BATCH)
        assert answers.num_rows == 10
        assert set(answers["kind"].to_pylist()) == {"class"}
        corrected = [row for row in answers.to_pylist() if row["revision"] == 2]
        assert len(corrected) == 1
        before = queue.progress(REVIEW_BATCH)
        assert (before.n_trap_answers, before.trap_catch_rate, before.revision) == (1, 1.0, 2)
        assert queue.decisions(REVIEW_BATCH)["label"].to_pylist() == [corrected[0]["label"]]
        row = answers.to_pylist()[0]
        again = queue.reopen(row["annotation_id"], label=row["label"], now=NOW, annotator=row["annotator"])
        assert again.is_repeat
        lease = queue.next("cleo", now=NOW, batch=REVIEW_BATCH)
        queue.submit(lease.lease_id, "cleo-0", answer={"label": "baking"}, now=NOW, active_s=1.0)
        assert queue.progress(REVIEW_BATCH).n_done == before.n_done + 1


def test_a_draft_and_a_repeat_are_still_known(earlier):
    (lease_id,) = rows_of(earlier, "select lease_id from review_lease where draft is not null")[0]
    of_first = "from review_annotation join review_lease using (task_id, annotator) where submission_id = 'ada-0'"
    ((first_lease, first_label),) = rows_of(earlier, f"select lease_id, submitted_label {of_first}")
    with ReviewQueue(f"sqlite:///{earlier}") as queue:
        assert queue.draft(lease_id) == "other"
        assert queue.submit(first_lease, "ada-0", label=first_label, now=NOW).is_repeat


def test_two_that_open_it_at_once_migrate_it_once(earlier):
    def open_and_count(_):
        with ReviewQueue(f"sqlite:///{earlier}") as queue:
            return queue.answers(REVIEW_BATCH).num_rows

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(open_and_count, range(8))) == [10] * 8
    assert rows_of(earlier, "select version from review_schema order by 1") == [(1,), (SCHEMA_VERSION,)]


def test_a_migration_that_breaks_off_leaves_the_queue_as_it_was(earlier, monkeypatch):
    copy = earlier.with_name("copy.db")
    shutil.copy(earlier, copy)
    dump = dump_of(copy)

    def fail(_connection, _lease):
        raise sa.exc.OperationalError("update", {}, Exception("disk full"))

    with monkeypatch.context() as patch:
        patch.setattr(queue_migrations, "_rebuild_drafts", fail)
        with pytest.raises(StorageError, match="cannot be opened: disk full"):
            ReviewQueue(f"sqlite:///{earlier}")
    assert dump_of(earlier) == dump
    with ReviewQueue(f"sqlite:///{earlier}") as queue:
        assert queue.answers(REVIEW_BATCH).num_rows == 10


def test_a_queue_of_today_is_left_alone(url):
    ReviewQueue(url).close()
    engine = open_engine(url)
    try:
        with engine.begin() as connection:
            statements = []
            sa.event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
            migrate(connection, SCHEMA_VERSION, metadata)
            assert statements == []
    finally:
        engine.dispose()


def test_the_tables_that_are_made_anew_compile_for_postgres():
    for name in ("review_proposal", "review_annotation"):
        statement = str(sa.schema.CreateTable(metadata.tables[name]).compile(dialect=postgresql.dialect()))
        assert "answer TEXT NOT NULL" in statement
        assert "\tlabel TEXT, " in statement


def test_there_is_a_file_of_every_earlier_version():
    assert tuple(range(1, SCHEMA_VERSION)) == EARLIER_VERSIONS


@pytest.mark.parametrize("version", EARLIER_VERSIONS)
def test_a_queue_of_any_earlier_version_becomes_the_one_of_today_with_all_rows(version, tmp_path):
    path = write_earlier_queue(version, tmp_path / "review.db")
    n_rows = {name: rows_of(path, f"select count(*) from review_{name}") for name in _TABLES}
    kept = rows_of(path, f"select {_KEPT}, label from review_annotation order by 1, 2")
    with ReviewQueue(f"sqlite:///{path}") as queue:
        answers = {row["sample_id"]: row for row in queue.answers("notes-round-000").to_pylist()}
        said = {name: (row["label"], row["provenance"], row["revision"]) for name, row in answers.items()}
        assert said == {
            "s0": ("baking", "human_assisted", 1),
            "s1": ("sailing", "model_edited", 2),
            "s2": ("sailing", "human", 1),
        }
        assert [batch.batch_id for batch in queue.batches("notes")] == ["notes-round-000", "notes-round-001"]
        assert queue.decisions("notes-round-000")["posterior"].to_pylist() == [0.9]
        assert [change.kind for change in queue.changes()] == ["opened", "answered", "opened"]
        assert len(queue.queue_id) == 32
    assert {name: rows_of(path, f"select count(*) from review_{name}") for name in _TABLES} == n_rows
    assert rows_of(path, f"select {_KEPT}, label from review_annotation order by 1, 2") == kept
    assert rows_of(path, "select max(version) from review_schema") == [(SCHEMA_VERSION,)]
    assert rows_of(path, "pragma foreign_key_check") == []
    ReviewQueue(f"sqlite:///{tmp_path / 'new.db'}").close()
    assert shape_of(path) == shape_of(tmp_path / "new.db")


def test_the_same_answers_are_the_same_rows_whichever_version_took_them(tmp_path):
    found = []
    for version in EARLIER_VERSIONS:
        path = write_earlier_queue(version, tmp_path / f"{version}.db")
        ReviewQueue(f"sqlite:///{path}").close()
        names = {name: sorted(column for column, *_ in columns) for name, columns in shape_of(path).items()}
        # The audit says what was written at the time, and leases have random ids.
        for name in ("review_queue", "review_schema", "review_audit"):
            del names[name]
        names["review_lease"].remove("lease_id")
        found.append({n: sorted(rows_of(path, f"select {', '.join(c)} from {n}"), key=repr) for n, c in names.items()})
    assert all(rows == found[0] for rows in found)


def test_what_a_reviewer_had_decided_before_decisions_were_labels_becomes_a_revision_that_others_are_told_of(tmp_path):
    path = write_earlier_queue(4, tmp_path / "review.db")
    with closing(sqlite3.connect(path)) as database:
        database.execute("update review_decision set method = 'adjudicated:eve', label = 'sailing'")
        database.commit()
    with ReviewQueue(f"sqlite:///{path}") as queue:
        assert [change.kind for change in queue.changes()] == ["opened", "answered", "opened", "adjudicated"]
        (decided,) = (row for row in queue.answers("notes-round-000").to_pylist() if row["annotator"] == "eve")
        assert (decided["label"], decided["provenance"], decided["revision"]) == ("sailing", "adjudicated", 1)
        assert queue.progress("notes-round-000").revision == 3
    assert read_queue(f"sqlite:///{path}", "notes").problems == []


def test_an_id_that_a_queue_was_given_stays(tmp_path):
    path = write_earlier_queue(2, tmp_path / "review.db")
    ids = set()
    for _ in range(2):
        with ReviewQueue(f"sqlite:///{path}") as queue:
            ids.add(queue.queue_id)
    assert len(ids) == 1


_DAMAGE = {
    "no row": ("delete from review_schema", r"does not say its schema version .* those of version 2: insert that into"),
    "no table of versions": ("drop table review_schema", "does not say its schema version .* those of version 2"),
    "no table": ("drop table review_lease", r"is damaged: it lacks review_lease; restore it from a backup; or move it"),
    "no column": ("alter table review_task drop column payload", r"is damaged: it lacks review_task\.payload; restore"),
    "version 0": ("update review_schema set version = 0", "has schema version 0, which never was; restore it from"),
    "newer": ("update review_schema set version = 9", "has schema version 9 and this release reads up to 5; upgrade"),
}


@pytest.mark.parametrize("damage", _DAMAGE)
def test_a_queue_whose_tables_are_of_no_version_is_named_with_a_remedy_and_left_as_it_is(damage, tmp_path):
    path = write_earlier_queue(2, tmp_path / "review.db")
    statement, says = _DAMAGE[damage]
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()
    before = dump_of(path)
    with pytest.raises(StorageError, match=says):
        ReviewQueue(f"sqlite:///{path}")
    assert dump_of(path) == before


def test_a_version_that_was_put_back_as_it_is_said_opens_the_queue(tmp_path):
    path = write_earlier_queue(1, tmp_path / "review.db")
    for statement in ("delete from review_schema", "insert into review_schema values (1)"):
        with closing(sqlite3.connect(path)) as database:
            database.execute(statement)
            database.commit()
    with ReviewQueue(f"sqlite:///{path}") as queue:
        assert queue.answers("notes-round-000").num_rows == 3
