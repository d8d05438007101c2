"""What was said of tasks beside their answers: decisions of reviewers, skips with their reasons, drafts.

They are put into the queue by `imported_remarks.py`; answers are read in `sending.py`.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data_engine.errors import InvalidInput
from data_engine.review.exchange.exchanged import DECISION, DRAFT, REMARKS, SKIP, ExchangedRemark
from data_engine.review.exchange.values import answer_in, json_in, name_in, needed, object_in, text_in, time_in
from data_engine.review.queue_records import BY_REVIEWER
from data_engine.review.queue_tables import decision, draft, lease, task

_MOST_TEXT = 20_000


def read_remarks(connection: Connection, batch_id: str) -> dict[str, list[ExchangedRemark]]:
    """The remarks of a batch by task, in the order of what they are and of who made them.

    A decision stands at the first task about its sample that is no trap; of several skips of one person the last.
    """
    found: dict[str, dict[tuple[str, str], ExchangedRemark]] = defaultdict(dict)
    rows = connection.execute(_TASK_OF_DECISION.where(decision.c.batch_id == batch_id))
    for row in rows:
        by = row.method.removeprefix(BY_REVIEWER)
        found[row.task_id].setdefault(
            (DECISION, by), ExchangedRemark(DECISION, by, {"label": row.label}, row.decided_at)
        )
    skipped = sa.select(lease).join(task, task.c.task_id == lease.c.task_id).order_by(lease.c.ended_at)
    for row in connection.execute(skipped.where(task.c.batch_id == batch_id, lease.c.outcome == "skipped")):
        said = {"reason": row.reason or ""}
        found[row.task_id][SKIP, row.annotator] = ExchangedRemark(SKIP, row.annotator, said, row.ended_at)
    begun = sa.select(draft).join(task, task.c.task_id == draft.c.task_id).where(task.c.batch_id == batch_id)
    for row in connection.execute(begun):
        said = json.loads(row.content)
        found[row.task_id][DRAFT, row.annotator] = ExchangedRemark(DRAFT, row.annotator, said, row.at)
    return {task_id: [remarks[key] for key in sorted(remarks)] for task_id, remarks in found.items()}


_TASK_OF_DECISION = (
    sa.select(decision, task.c.task_id)
    .join(task, (task.c.batch_id == decision.c.batch_id) & (task.c.sample_id == decision.c.sample_id))
    .where(task.c.arm != "trap", task.c.purpose != "trap", decision.c.method.startswith(BY_REVIEWER))
    .order_by(decision.c.sample_id, task.c.position.desc())
)


def remark_record(remark: ExchangedRemark) -> dict[str, Any]:
    """A remark as JSON has it."""
    return {
        "remark": remark.what,
        "annotator": remark.annotator,
        "content": dict(remark.content),
        "said_at": remark.said_at.isoformat(),
    }


def remark_of(record: Mapping[str, Any], where: str) -> ExchangedRemark:
    """A remark of a file. Raises: InvalidInput naming the field that breaks its rule."""
    what = name_in(record, "remark", where)
    if what not in REMARKS:
        raise InvalidInput(f"{where}: remark is {ascii(what)[:40]}; it must be one of {', '.join(REMARKS)}")
    content = object_in(json_in(needed(answer_in(record, "content", where), "content", where)), f"{where}: content")
    texts = {
        name: text
        for name in ("label", "comment", "reason")
        if (text := text_in(content, name, f"{where}: content", longest=_MOST_TEXT)) is not None
    }
    if what == DECISION:
        needed(texts.get("label"), "label", where)
    said_at = time_in(record, "said_at", where)
    if said_at is None:
        raise InvalidInput(f"{where}: said_at is missing; say when the {what} was made")
    answer = {"answer": object_in(content["answer"], f"{where}: answer")} if content.get("answer") is not None else {}
    annotator = needed(name_in(record, "annotator", where), "annotator", where)
    return ExchangedRemark(what, annotator, {**texts, **answer}, said_at, where)


def remarks_in(records: Iterable[Any], where: str) -> tuple[ExchangedRemark, ...]:
    """The remarks of a task of a file, in their order. Raises: InvalidInput naming what breaks its rule."""
    found = (
        remark_of(object_in(record, f"{where}, remark {number}"), f"{where}, remark {number}")
        for number, record in enumerate(records, 1)
    )
    return tuple(found)
