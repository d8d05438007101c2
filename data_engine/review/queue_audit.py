"""Whether a review queue is whole: read without being made, brought up to date or written in any way.

Working with the queue is in `queue.py`.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from data_engine.errors import DataEngineError, StorageError
from data_engine.labeling.answers.registry import answer_kind
from data_engine.review import annotations, batch_progress, class_names, review_batches
from data_engine.review.people import decisions
from data_engine.review.queue_database import engine_with_driver
from data_engine.review.queue_records import ARMS, PURPOSES, identifier
from data_engine.review.queue_tables import SCHEMA_VERSION, batch, schema_version, task
from data_engine.review.queue_url import parsed_url


@dataclass(frozen=True)
class QueueContent:
    """What a queue holds of one corpus.

    Attributes:
        batches: `review_batch` of the corpus, as rows.
        tasks: `review_task`, as rows.
        answers: By batch, with the classes that the corpus asks with by now; see `class_names.that_count`.
        payloads: What each task shows, as JSON, by task.
        problems: Sentences about rows that contradict each other, each with its batch.
    """

    batches: list[dict[str, Any]]
    tasks: list[dict[str, Any]]
    answers: dict[str, pa.Table]
    payloads: dict[str, str]
    problems: list[tuple[str, str]]


def queue_file(url: str) -> Path | None:
    """The file of a queue on SQLite; None for another database. Raises: InvalidInput for a URL that is none."""
    parsed = parsed_url(url)
    return Path(str(parsed.database)) if parsed.get_backend_name() == "sqlite" else None


def read_queue(url: str, corpus: str) -> QueueContent:
    """Everything that a queue holds of a corpus, and what of it contradicts itself.

    Raises: StorageError when the queue cannot be read, is damaged as a file, is of another version, or when its driver
        is not installed.
    """
    with _to_read(url) as engine:
        try:
            with engine.connect() as connection:
                _check_file(connection)
                return _content(connection, corpus)
        except DataEngineError:
            raise
        except (SQLAlchemyError, sqlite3.Error, ValueError, TypeError, KeyError, AttributeError) as error:
            cause = getattr(error, "orig", None) or f"{type(error).__name__}: {error}"
            raise StorageError(f"the review queue cannot be read: {cause}") from error


@contextmanager
def _to_read(url: str) -> Iterator[Engine]:
    path = queue_file(url)
    if path is None:
        engine = engine_with_driver(parsed_url(url), poolclass=NullPool)
    else:
        # Without a log of pending writes nobody has the file open, and SQLite need not make files beside it.
        log = path.with_name(f"{path.name}-wal")
        mode = "mode=ro" if log.exists() and log.stat().st_size else "mode=ro&immutable=1"
        place = f"file:{quote(str(path.absolute()))}?{mode}"
        engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(place, uri=True), poolclass=NullPool)
    try:
        yield engine
    finally:
        engine.dispose()


def _check_file(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        for pragma, whole in (("integrity_check", [("ok",)]), ("foreign_key_check", [])):
            found = [tuple(row) for row in connection.exec_driver_sql(f"PRAGMA {pragma}").all()]
            if found != whole:
                raise StorageError(f"the file of the review queue is damaged: {pragma} says {found[0]}")
    version = connection.execute(sa.select(sa.func.max(schema_version.c.version))).scalar_one()
    if version != SCHEMA_VERSION:
        raise StorageError(f"the review queue is of version {version}, and the engine of version {SCHEMA_VERSION}")


def _content(connection: Connection, corpus: str) -> QueueContent:
    tables = {name: rows.to_pylist() for name, rows in batch_progress.read_tables(connection, None).items()}
    batches = [row for row in tables["review_batch"] if row["corpus"] == corpus]
    names = {row["review_batch"] for row in batches}
    tasks = [row for row in tables["review_task"] if row["review_batch"] in names]
    given = [row for row in tables["review_annotation"] if row["review_batch"] in names]
    payloads = {row.task_id: row.payload for row in connection.execute(sa.select(task.c.task_id, task.c.payload))}
    classes = {row.batch_id: row.classes for row in connection.execute(sa.select(batch.c.batch_id, batch.c.classes))}
    revisions = decisions.count_revisions(connection, corpus)
    more = review_batches.count_asked_more(connection, corpus)
    problems = [
        *_batch_problems(batches, tasks, given, revisions, more),
        *_task_problems(tasks, given),
        *_answer_problems(given),
    ]
    earlier = class_names.names_ever(connection, corpus)
    problems += _class_problems({name: earlier | {*json.loads(classes[name])} for name in names}, tasks, given)
    return QueueContent(
        batches=batches,
        tasks=tasks,
        answers=_answers_that_count(connection, corpus, batches, classes),
        payloads={row["task_id"]: payloads[row["task_id"]] for row in tasks},
        problems=problems,
    )


def _answers_that_count(
    connection: Connection, corpus: str, batches: list[dict[str, Any]], classes: Mapping[str, str]
) -> dict[str, pa.Table]:
    in_order = [row["review_batch"] for row in sorted(batches, key=lambda row: (row["opened_at"], row["review_batch"]))]
    if not in_order:
        return {}
    answers = {name: annotations.read_answers(connection, name) for name in in_order}
    renames, asked_with = class_names.read_renames(connection, corpus), json.loads(classes[in_order[-1]])
    return {name: table for name, (table, _) in class_names.that_count(answers, corpus, asked_with, renames).items()}


def _batch_problems(
    batches: list[dict[str, Any]],
    tasks: list[dict[str, Any]],
    given: list[dict[str, Any]],
    n_revisions: Mapping[str, int],
    n_more: Mapping[str, int],
) -> Iterator[tuple[str, str]]:
    n_tasks = Counter(row["review_batch"] for row in tasks)
    n_open = Counter(row["review_batch"] for row in tasks if row["is_open"])
    n_done = Counter(row["review_batch"] for row in tasks if row["n_answers"] == row["n_wanted"])
    n_corrections = Counter(n_revisions)
    for row in given:
        n_corrections[row["review_batch"]] += row["revision"] - 1
    wanted = {row["review_batch"]: row["answers_per_task"] for row in batches}
    more_left = Counter(n_more)
    for row in tasks:
        # Each time that one annotator more was asked stands in the audit.
        more_left[row["review_batch"]] -= (n_besides := row["n_wanted"] - wanted[row["review_batch"]])
        if n_besides < 0 or more_left[row["review_batch"]] < 0:
            yield (
                f"task {row['task_id']} wants {row['n_wanted']} answers, its batch another number",
                row["review_batch"],
            )
    for row in batches:
        name = row["review_batch"]
        if row["revision"] != 1 + n_corrections[name]:
            yield f"its revision is {row['revision']} but {n_corrections[name]} answers were corrected or decided", name
        for what, counted in (("n_tasks", n_tasks), ("n_open", n_open), ("n_done", n_done)):
            if row[what] != counted[name]:
                yield f"{what} is {row[what]} but {counted[name]} tasks are such", name
        if (row["answered_at"] is None) != (n_open[name] > 0):
            yield "it is marked as answered although tasks are open, or the other way round", name


def _task_problems(tasks: list[dict[str, Any]], given: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    n_answers = Counter(row["task_id"] for row in given)
    for row in tasks:
        name = row["review_batch"]
        if row["task_id"] != identifier(name, row["sample_id"], row["purpose"]):
            yield f"task {row['task_id']} is not that of its sample and purpose", name
        if row["purpose"] not in PURPOSES or row["arm"] not in ARMS:
            yield f"task {row['task_id']} has the purpose {row['purpose']!r} and the arm {row['arm']!r}", name
        if row["n_answers"] != n_answers[row["task_id"]]:
            yield (
                f"task {row['task_id']} counts {row['n_answers']} answers, there are {n_answers[row['task_id']]}",
                name,
            )
        if row["is_open"] and row["n_answers"] >= row["n_wanted"]:
            yield f"task {row['task_id']} is open although it has its answers", name


def _answer_problems(given: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for row in given:
        if row["annotation_id"] != identifier("annotation", row["task_id"], row["annotator"]):
            yield f"answer {row['annotation_id']} is not that of its task and annotator", row["review_batch"]


def _class_problems(
    known: Mapping[str, set[str]], tasks: list[dict[str, Any]], given: list[dict[str, Any]]
) -> Iterator[tuple[str, str]]:
    """Answers and proposals that are none of their batch, with the classes of now or those of earlier."""
    for row in given:
        name, kind = row["review_batch"], answer_kind(row["kind"])
        is_canonical = kind.validate(row["answer"], sorted(known[name]), of=name) == row["answer"]
        if not is_canonical or row["label"] != kind.label_of(row["answer"]):
            yield f"answer {row['annotation_id']} is {row['answer']!r} with the label {row['label']!r}", name
    for row in tasks:
        name, label = row["review_batch"], row["proposed_label"]
        if label is not None and label not in known[name]:
            yield f"task {row['task_id']} proposes {label!r}, which is no class of the batch", name
