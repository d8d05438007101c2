"""Exchanged answers as flat rows: a row for each answer and remark, and one without for a task that has none.

JSONL and Parquet write these rows; a row of another tool needs no more than a sample, a label and who gave it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from data_engine.errors import InvalidInput
from data_engine.review.exchange.exchanged import (
    Exchange,
    ExchangedAnswer,
    ExchangedBatch,
    ExchangedRemark,
    ExchangedTask,
)
from data_engine.review.exchange.remarks import remark_of
from data_engine.review.exchange.values import (
    answer_in,
    json_in,
    name_in,
    number_in,
    object_in,
    text_in,
    time_in,
    truth_in,
    whole_number_in,
)
from data_engine.schemas import answer_text

_MOST_REVISIONS = 10_000

_TIME = pa.timestamp("us", tz="UTC")

ROW = pa.schema(
    [
        pa.field("review_batch", pa.string()),
        pa.field("sample_id", pa.string()),
        pa.field("uri", pa.string()),
        pa.field("text", pa.string()),
        pa.field("purpose", pa.string()),
        pa.field("arm", pa.string()),
        pa.field("priority", pa.float64()),
        pa.field("is_withdrawn", pa.bool_()),
        pa.field("proposed_answer", pa.string()),
        pa.field("probability", pa.float64()),
        pa.field("annotator", pa.string()),
        pa.field("answer", pa.string()),
        pa.field("label", pa.string()),
        pa.field("provenance", pa.string()),
        pa.field("active_s", pa.float64()),
        pa.field("revision", pa.int32()),
        pa.field("answered_at", _TIME),
        pa.field("comment", pa.string()),
        pa.field("corpus", pa.string()),
        pa.field("question", pa.string()),
        pa.field("kind", pa.string()),
        pa.field("cause", pa.string()),
        pa.field("answers_per_task", pa.int32()),
        pa.field("opened_at", _TIME),
        pa.field("queue_id", pa.string()),
        pa.field("remark", pa.string()),
        pa.field("content", pa.string()),
        pa.field("said_at", _TIME),
    ]
)
"""The columns of a row, each of which a file may lack."""


def rows_of(exchange: Exchange) -> Iterator[dict[str, Any]]:
    """The rows of all tasks, in their order, with every column of `ROW`."""
    empty = dict.fromkeys(ROW.names)
    for task in exchange.tasks:
        shared = empty | {"corpus": exchange.corpus, "queue_id": exchange.queue_id} | task.columns()
        found = exchange.batches.get(task.batch_id or "")
        if found is not None:
            shared |= {name: getattr(found, name) for name in ("question", "kind", "cause", "opened_at")}
            shared["answers_per_task"] = found.answers_per_task
        yield from ({**shared, **_answer_row(answer)} for answer in task.answers)
        yield from ({**shared, **_remark_row(remark)} for remark in task.remarks)
        if not task.answers and not task.remarks:
            yield shared


def exchange_of(records: Iterable[tuple[str, Mapping[str, Any]]]) -> Exchange:
    """What rows say, each with its place in the file; the rows of one task may stand anywhere.

    Raises: InvalidInput naming the row and the field that breaks its rule.
    """
    tasks: dict[tuple[str | None, ...], ExchangedTask] = {}
    batches: dict[str, ExchangedBatch] = {}
    said: dict[str, str] = {}
    for where, record in records:
        row = object_in(record, where)
        task = task_of(row, where)
        is_remark = row.get("remark") is not None
        answer = None if is_remark else _answer_of(row, where)
        if answer is None and not is_remark and task.batch_id is None:
            raise InvalidInput(f"{where}: there is neither label nor answer; give one of them")
        _add_batch(batches, task.batch_id, row, where)
        for name in ("corpus", "queue_id"):
            value = name_in(row, name, where)
            if value is not None and said.setdefault(name, value) != value:
                raise InvalidInput(f"{where}: {name} is {value!r} here and {said[name]!r} before; a file has one")
        key = (task.batch_id, task.sample_id or task.uri, task.purpose)
        known = tasks.setdefault(key, task)
        if answer is not None:
            tasks[key] = replace(known, answers=(*known.answers, answer))
        if is_remark:
            tasks[key] = replace(known, remarks=(*known.remarks, remark_of(row, where)))
    return Exchange(tuple(tasks.values()), batches, said.get("corpus"), said.get("queue_id"))


def task_of(row: Mapping[str, Any], where: str) -> ExchangedTask:
    """The task that a row, or a record with the same fields, is about; without its answers.

    Raises: InvalidInput naming the field that breaks its rule.
    """
    sample_id, uri = name_in(row, "sample_id", where), text_in(row, "uri", where, longest=10_000)
    if sample_id is None and uri is None:
        raise InvalidInput(f"{where}: sample_id and uri are missing; give one of them")
    return ExchangedTask(
        sample_id=sample_id,
        uri=uri,
        batch_id=name_in(row, "review_batch", where),
        purpose=name_in(row, "purpose", where),
        arm=name_in(row, "arm", where),
        priority=number_in(row, "priority", where) or 0.0,
        is_withdrawn=truth_in(row, "is_withdrawn", where),
        text=text_in(row, "text", where),
        proposed_answer=answer_in(row, "proposed_answer", where),
        probability=number_in(row, "probability", where, least=0, most=1),
        where=where,
    )


def given_answer(row: Mapping[str, Any], answer: str, where: str) -> ExchangedAnswer:
    """An answer with what the row says about it. Raises: InvalidInput naming the field that breaks its rule."""
    return ExchangedAnswer(
        annotator=name_in(row, "annotator", where) or "",
        answer=answer,
        provenance=name_in(row, "provenance", where),
        active_s=number_in(row, "active_s", where, least=0),
        revision=whole_number_in(row, "revision", where, least=1, most=_MOST_REVISIONS) or 1,
        answered_at=time_in(row, "answered_at", where),
        comment=text_in(row, "comment", where, longest=2000),
        where=where,
    )


def batch_of(batch_id: str, row: Mapping[str, Any], where: str) -> ExchangedBatch | None:
    """The review batch that a row describes; None where it only names it. Raises: InvalidInput."""
    question, kind = text_in(row, "question", where), name_in(row, "kind", where)
    if question is None or kind is None:
        return None
    opened_at = time_in(row, "opened_at", where)
    if opened_at is None:
        raise InvalidInput(f"{where}: opened_at is missing; a described review batch needs it")
    return ExchangedBatch(
        batch_id=batch_id,
        question=question,
        kind=kind,
        cause=text_in(row, "cause", where) or "imported",
        answers_per_task=whole_number_in(row, "answers_per_task", where, least=1, most=99) or 1,
        opened_at=opened_at,
    )


def _add_batch(batches: dict[str, ExchangedBatch], name: str | None, row: Mapping[str, Any], where: str) -> None:
    found = None if name is None or name in batches else batch_of(name, row, where)
    if found is not None:
        batches[found.batch_id] = found


def _answer_row(answer: ExchangedAnswer) -> dict[str, Any]:
    label = json_in(answer.answer).get("label")
    names = ("annotator", "answer", "provenance", "active_s", "revision", "answered_at", "comment")
    return {name: getattr(answer, name) for name in names} | {"label": label}


def _remark_row(remark: ExchangedRemark) -> dict[str, Any]:
    content = answer_text(remark.content)
    return {"remark": remark.what, "annotator": remark.annotator, "content": content, "said_at": remark.said_at}


def _answer_of(row: Mapping[str, Any], where: str) -> ExchangedAnswer | None:
    label, answer = text_in(row, "label", where), answer_in(row, "answer", where)
    if label is None and answer is None:
        return None
    if label is not None and answer is not None and json_in(answer).get("label", label) != label:
        raise InvalidInput(f"{where}: label is {label!r} and the answer is {answer[:80]}; give one of them")
    return given_answer(row, answer_text({"label": label}) if answer is None else answer, where)
