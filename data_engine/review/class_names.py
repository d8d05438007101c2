"""Class names that change: what a name of earlier is called now, and which answers count under the classes of now.

Answers stay in the queue as they were given. What a corpus asks with now is told to the queue by `follow`, which keeps
it in the audit; the questions and answers themselves are in `review_batches.py` and `annotations.py`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from data_engine.labeling.answers.object_forms import OBJECTS, with_class_names
from data_engine.labeling.answers.registry import answer_kind
from data_engine.review.queue_records import is_of_kind
from data_engine.review.queue_tables import audit, batch, proposal, task
from data_engine.review.review_batches import record

FOLLOWED = "classes"
"""The kind of the audit's rows that say which classes a corpus asks with from then on."""


@dataclass(frozen=True)
class Renames:
    """Old names of classes and the new ones.

    Attributes:
        current: By old name, as the corpus has them now.
        undone: Pairs (old, new) of earlier, whose new name stood for the old one alone.
    """

    current: Mapping[str, str] = field(default_factory=dict)
    undone: frozenset[tuple[str, str]] = frozenset()

    def name_now(self, label: str, classes: Sequence[str]) -> str | None:
        """What a class is called now; None when there is no such class any more."""
        if label in classes:
            return label
        olds = [old for old, new in self.undone if new == label]
        if label not in self.current and len(olds) == 1:
            label = olds[0]
        name = self.current.get(label, label)
        return name if name in classes else None


@dataclass(frozen=True)
class ClassChange:
    """The classes of a corpus and their renames, before and now."""

    before: tuple[str, ...]
    now: tuple[str, ...]
    renames_before: Renames
    renames: Renames


def is_again(batch_id: str, corpus: str) -> bool:
    """Whether a review batch asks again about samples whose class was removed."""
    return is_of_kind(batch_id, corpus, "again")


def read_renames(connection: Connection, corpus: str) -> Renames:
    """The renames that the queue was told of last, and those that were taken back."""
    return _replayed(_followed(connection, corpus))


def names_ever(connection: Connection, corpus: str) -> set[str]:
    """Every name that a class of the corpus had since its classes changed for the first time."""
    told = _followed(connection, corpus)
    return {name for each in told for name in (*each["before"], *each["after"])}


def follow(
    connection: Connection, corpus: str, classes: Sequence[str], renamed: Mapping[str, str], *, now: datetime
) -> ClassChange | None:
    """Tell the queue the classes of a corpus: every batch asks with them from now on, open proposals take new names.

    Returns: what changed; None when the queue knows it, or has no batch of the corpus.
    """
    of_corpus = sa.select(batch).where(batch.c.corpus == corpus).order_by(batch.c.opened_at, batch.c.batch_id)
    rows = connection.execute(of_corpus).all()
    told = _followed(connection, corpus)
    renames_before = _replayed(told)
    wanted = json.dumps(list(classes))
    others = [row for row in rows if row.classes != wanted]
    if not rows or (not others and dict(renames_before.current) == dict(renamed)):
        return None
    before = json.loads((others or rows)[-1].classes)
    detail = {"before": before, "after": list(classes), "renamed": dict(renamed)}
    record(connection, FOLLOWED, rows[-1].batch_id, rows[-1].revision, detail, now=now)
    connection.execute(sa.update(batch).where(batch.c.corpus == corpus).values(classes=wanted))
    renames = _replayed([*told, detail])
    _rename_open_proposals(connection, corpus, classes, renames)
    _rename_open_objects(connection, corpus, classes, renames)
    return ClassChange(tuple(before), tuple(classes), renames_before, renames)


def that_count(
    answers: Mapping[str, pa.Table], corpus: str, classes: Sequence[str], renames: Renames
) -> dict[str, tuple[pa.Table, list[dict[str, Any]]]]:
    """By review batch, the answers that count with the names of now, and the rows that are kept aside.

    Kept aside are answers whose class was removed; and those of a batch that asked again, about a sample of which an
    earlier answer counts again because its class came back.

    Args:
        answers: Of all review batches of the corpus in the order in which they were opened, as
            `annotations.read_answers` gives them.
        corpus: Its name.
        classes: Its classes now.
        renames: Of its classes.
    """
    counted: set[tuple[str, str]] = set()
    found = {}
    for name, table in answers.items():
        kept, aside = [], []
        for row in table.to_pylist():
            as_now = _row_now(row, classes, renames)
            stands_in = is_again(name, corpus) and (row["sample_id"], row["purpose"]) in counted
            if as_now is None or stands_in:
                aside.append(row)
            else:
                kept.append(as_now)
        counted |= {(row["sample_id"], row["purpose"]) for row in kept}
        is_same = not aside and kept == table.to_pylist()
        found[name] = (table if is_same else pa.Table.from_pylist(kept, schema=table.schema), aside)
    return found


def _followed(connection: Connection, corpus: str) -> list[dict[str, Any]]:
    query = sa.select(audit.c.detail).join(batch, batch.c.batch_id == audit.c.batch_id)
    query = query.where(audit.c.kind == FOLLOWED, batch.c.corpus == corpus).order_by(audit.c.cursor)
    return [json.loads(text) for text in connection.execute(query).scalars()]


def _replayed(told: Iterable[Mapping[str, Any]]) -> Renames:
    """Renames after all that was told: a new name that was a class before cannot be taken back to the old one."""
    known: dict[tuple[str, str], bool] = {}
    current: dict[str, str] = {}
    for each in told:
        current = each["renamed"]
        for pair in current.items():
            known.setdefault(pair, pair[1] not in each["before"])
        known = {
            (old, new): is_new
            for (old, new), is_new in known.items()
            if current.get(old) == new or (is_new and not {old, new} <= set(each["after"]))
        }
    return Renames(current, frozenset(pair for pair, is_new in known.items() if is_new))


def _row_now(row: dict[str, Any], classes: Sequence[str], renames: Renames) -> dict[str, Any] | None:
    """An answer with the names of now; None when its class is no class any more."""
    if row["label"] is None:
        return _objects_now(row, classes, renames)
    kind = answer_kind(row["kind"])
    label = renames.name_now(row["label"], classes)
    if label is None:
        return None
    as_now = dict(row) if label == row["label"] else {**row, "label": label, "answer": kind.from_label(label)}
    if row["proposed_label"] is not None:
        proposed = renames.name_now(row["proposed_label"], classes) or row["proposed_label"]
        # A trap that was caught stays caught where both classes have become one.
        is_caught = proposed == label and row["proposed_label"] != row["label"]
        as_now["proposed_label"] = None if is_caught else proposed
        as_now["proposed_answer"] = None if is_caught else kind.from_label(proposed)
    return as_now


def _objects_now(row: dict[str, Any], classes: Sequence[str], renames: Renames) -> dict[str, Any] | None:
    """An answer that is no class, with the names of now; None when one of its objects has no class any more."""
    if row["kind"] != OBJECTS:
        return row
    answer = with_class_names(row["answer"], lambda name: renames.name_now(name, classes))
    if answer is None:
        return None
    shown = row["proposed_answer"]
    proposed = shown and with_class_names(shown, lambda name: renames.name_now(name, classes) or name)
    return {**row, "answer": answer, "proposed_answer": proposed}


def _rename_open_objects(connection: Connection, corpus: str, classes: Sequence[str], renames: Renames) -> None:
    """Objects that are proposed in open tasks follow; those of a removed class are proposed no more."""
    is_open = sa.select(task.c.task_id).where(task.c.corpus == corpus, task.c.is_open)
    query = sa.select(proposal.c.task_id, proposal.c.answer)
    of_objects = query.where(proposal.c.kind == OBJECTS, proposal.c.task_id.in_(is_open))
    for row in connection.execute(of_objects).all():
        answer = with_class_names(row.answer, lambda name: renames.name_now(name, classes), drops_others=True)
        if answer is not None and answer != row.answer:
            is_such = proposal.c.task_id == row.task_id
            connection.execute(sa.update(proposal).where(is_such).values({"answer": answer}))


def _rename_open_proposals(connection: Connection, corpus: str, classes: Sequence[str], renames: Renames) -> None:
    is_open = sa.select(task.c.task_id).where(task.c.corpus == corpus, task.c.is_open)
    query = sa.select(proposal.c.label, proposal.c.kind).where(proposal.c.task_id.in_(is_open)).distinct()
    for label, kind in connection.execute(query).all():
        name = None if label is None else renames.name_now(label, classes)
        if name is None or name == label:
            continue
        values = {"label": name, "answer": answer_kind(kind).from_label(name)}
        is_such = (proposal.c.label == label) & proposal.c.task_id.in_(is_open)
        connection.execute(sa.update(proposal).where(is_such).values(values))
