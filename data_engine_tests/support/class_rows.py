"""Rows of tables that hold answers, from rows that say a label alone: the answer of the kind `class` that it is."""

from collections.abc import Iterable, Mapping
from typing import Any

from data_engine.schemas import SCHEMAS, answer_text


def with_answers(name: str, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a table, with `kind`, `answer` and `proposed_answer` where the table has them and a row does not."""
    if "answer" not in SCHEMAS[name].names:
        return [dict(row) for row in rows]
    filled = []
    for row in rows:
        label, proposed = row.get("label", "x"), row.get("proposed_label")
        made: dict[str, Any] = {"kind": "class", "label": label, "answer": answer_text({"label": label})}
        if proposed is not None:
            made["proposed_answer"] = answer_text({"label": proposed})
        filled.append(made | dict(row))
    return filled
