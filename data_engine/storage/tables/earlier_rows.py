"""Rows that an earlier version of the engine wrote: how they are read in the columns and words of today.

They stay on disk as they are. What a table on disk gets for the rows of today is in `delta_commits.py`.
"""

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.schemas import answer_text

_Rule = Callable[[pa.Table], pa.Table]


def read_as_today(name: str, found: Any) -> Any:
    """A table's dataset, with earlier rows brought to what the schema says; as it is where there are none.

    Args:
        name: Table in `schemas.SCHEMAS`.
        found: Its pyarrow dataset as it is stored; with earlier rows, all of them are read into memory.
    """
    import pyarrow.dataset as pads

    rule = _RULES.get(name)
    if rule is None or not found.count_rows(filter=pc.field("kind").is_null()):
        return found
    rows = found.to_table()
    return pads.dataset(rule(rows).cast(rows.schema))


def _with_answers(rows: pa.Table) -> pa.Table:
    """Before answers had kinds, all of them were classes: the label is the answer."""
    is_earlier = pc.is_null(rows["kind"])
    rows = _replaced(rows, "kind", pc.fill_null(rows["kind"], "class"))
    rows = _replaced(rows, "answer", pc.if_else(is_earlier, _class_answers(rows["label"]), rows["answer"]))
    if "proposed_label" in rows.column_names:
        shown = pc.if_else(is_earlier, _class_answers(rows["proposed_label"]), rows["proposed_answer"])
        rows = _replaced(rows, "proposed_answer", shown)
    return rows


def _with_routes(rows: pa.Table) -> pa.Table:
    """Before routes had the names of deciders, `accept` was what the classifier's gate accepted."""
    is_accepted = pc.and_(pc.is_null(rows["kind"]), pc.equal(rows["route"], "accept"))
    return _with_answers(_replaced(rows, "route", pc.if_else(is_accepted, "classifier", rows["route"])))


def _class_answers(labels: pa.ChunkedArray) -> pa.ChunkedArray:
    """Class names as answers of the kind `class`; null stays null."""
    encoded = labels.combine_chunks().dictionary_encode()
    answers = [None if label is None else answer_text({"label": label}) for label in encoded.dictionary.to_pylist()]
    return pa.chunked_array([pc.take(pa.array(answers, pa.string()), encoded.indices)])


def _replaced(rows: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, rows.schema.field(place), column)


_RULES: dict[str, _Rule] = {"proposals": _with_routes, "reviewed_labels": _with_answers, "labels": _with_answers}
