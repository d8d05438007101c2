"""The rows of a release of a corpus with several questions: which samples are released, with the label of each.

Those of a corpus with one question, or none, are in `rows.py`. In the table the labels are one column of JSON; in the
files each question has columns of its own, `<question>_label` and so on.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from data_engine.corpus.questions import OF_A_QUESTION
from data_engine.schemas import RELEASE

BY_QUESTION = "labels_by_question"


@dataclass(frozen=True)
class QuestionLabels:
    """The labels of one question, and what they say of a release.

    Attributes:
        labels: One label per sample (schema LABELS).
        out_of_scope: The class whose samples are not released, whatever the other questions say.
        is_required: Whether a sample without a label of this question stays behind.
    """

    labels: pa.Table
    out_of_scope: str | None = None
    is_required: bool = False


def labelled_samples(questions: Mapping[str, QuestionLabels]) -> pa.Table:
    """Every sample that has a label of any question (sample_id, in_subset, is_released), sorted by id.

    It is released unless a question says that it is out of scope, or a required one has no label for it.
    """
    in_subset: dict[str, bool] = {}
    left: set[str] = set()
    for question in questions.values():
        ids = question.labels["sample_id"].to_pylist()
        inside = question.labels["in_subset"].to_pylist()
        in_subset |= {
            key: is_in is not False and in_subset.get(key, True) for key, is_in in zip(ids, inside, strict=True)
        }
        left |= _with_label(question.labels, question.out_of_scope)
    for question in questions.values():
        if question.is_required:
            left |= in_subset.keys() - set(question.labels["sample_id"].to_pylist())
    ids = sorted(in_subset)
    return pa.table(
        {
            "sample_id": pa.array(ids, pa.string()),
            "in_subset": pa.array([in_subset[key] for key in ids], pa.bool_()),
            "is_released": pa.array([key not in left for key in ids], pa.bool_()),
        }
    )


def labels_as_text(sample_ids: Sequence[str], questions: Mapping[str, QuestionLabels]) -> pa.Array:
    """The labels of samples, a JSON object each: by question in order, nulls where it has no label for the sample."""
    by_question = {}
    for name, question in questions.items():
        rows = question.labels.select(["sample_id", *OF_A_QUESTION]).to_pylist()
        by_question[name] = {row.pop("sample_id"): row for row in rows}
    nothing = dict.fromkeys(OF_A_QUESTION)
    return pa.array(
        [_text({name: rows.get(key, nothing) for name, rows in by_question.items()}) for key in sample_ids], pa.string()
    )


def questions_of(rows: pa.Table) -> tuple[str, ...]:
    """The questions whose labels the rows of a release have; none where there are not several."""
    if BY_QUESTION not in rows.column_names or rows[BY_QUESTION].null_count == rows.num_rows:
        return ()
    return tuple(json.loads(rows[BY_QUESTION].drop_null()[0].as_py()))


def rows_of_question(rows: pa.Table, question: str) -> pa.Table:
    """The rows that have a label of a question, in the columns that labels have where nothing else is asked."""
    said = [json.loads(text)[question] for text in rows[BY_QUESTION].to_pylist()]
    for column in OF_A_QUESTION:
        place, field = rows.schema.get_field_index(column), RELEASE.field(column)
        rows = rows.set_column(place, field, pa.array([each[column] for each in said], field.type))
    return rows.filter(pc.is_valid(rows["label"]))


def in_columns(rows: pa.Table) -> pa.Table:
    """The rows with columns for each question in the place of those of one, as their files have them."""
    names = questions_of(rows)
    if not names:
        return rows.drop_columns([BY_QUESTION]) if BY_QUESTION in rows.column_names else rows
    said = [json.loads(text) for text in rows[BY_QUESTION].to_pylist()]
    columns = {
        f"{name}_{column}": pa.array([each[name][column] for each in said], RELEASE.field(column).type)
        for name in names
        for column in OF_A_QUESTION
    }
    place = rows.schema.get_field_index("label")
    kept = rows.drop_columns([*OF_A_QUESTION, BY_QUESTION])
    before, after = kept.column_names[:place], kept.column_names[place:]
    wanted = [(name, kept[name]) for name in before]
    wanted += [*columns.items(), *((name, kept[name]) for name in after)]
    return pa.table(dict(wanted))


def out_of_columns(exported: pa.Table) -> pa.Table:
    """The rows of a release's file with the labels of several questions as the table has them."""
    end = f"_{OF_A_QUESTION[0]}"
    names = [name.removesuffix(end) for name in exported.column_names if name.endswith(end)]
    names = [name for name in names if all(f"{name}_{column}" in exported.column_names for column in OF_A_QUESTION)]
    if not names:
        return exported.append_column(BY_QUESTION, pa.nulls(exported.num_rows, pa.string()))
    columns = {(name, column): exported[f"{name}_{column}"].to_pylist() for name in names for column in OF_A_QUESTION}
    texts = [
        _text({name: {column: columns[name, column][row] for column in OF_A_QUESTION} for name in names})
        for row in range(exported.num_rows)
    ]
    own = [f"{name}_{column}" for name in names for column in OF_A_QUESTION]
    return exported.drop_columns(own).append_column(BY_QUESTION, pa.array(texts, pa.string()))


def _with_label(labels: pa.Table, label: str | None) -> set[str]:
    """The samples that have a label; none for no label."""
    return set() if label is None else set(labels.filter(pc.equal(labels["label"], label))["sample_id"].to_pylist())


def _text(said: Mapping[str, Mapping[str, Any]]) -> str:
    return json.dumps(said, ensure_ascii=False)
