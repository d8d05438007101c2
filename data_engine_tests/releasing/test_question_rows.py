import json

import pyarrow as pa

from data_engine.releasing.question_rows import (
    QuestionLabels,
    in_columns,
    labelled_samples,
    labels_as_text,
    out_of_columns,
    questions_of,
    rows_of_question,
)
from data_engine.schemas import LABELS, RELEASE


def _labels(**label_of: str) -> pa.Table:
    rows = [
        {"sample_id": key, "kind": "class", "answer": "{}", "label": label, "provenance": "human", "n_annotations": 1}
        | {"posterior": 0.5, "quality": 0.25, "in_subset": key != "z"}
        for key, label in sorted(label_of.items())
    ]
    return pa.Table.from_pylist(rows, schema=pa.schema([field.with_nullable(True) for field in LABELS]))


TOPIC = QuestionLabels(_labels(a="bread", b="boats", c="spam"), out_of_scope="spam")
SIZE = QuestionLabels(_labels(b="long", c="long", z="short"))


def _release() -> pa.Table:
    ids = ["a", "b"]
    texts = labels_as_text(ids, {"topic": TOPIC, "size": SIZE})
    rows = [
        {"sample_id": key, "release_id": "r", "batch": "may", "uri": "u", "text": key, "leaf": 0, "top_cluster": 0}
        | {"metadata": "{}", "in_subset": True, "labels_by_question": text}
        for key, text in zip(ids, texts.to_pylist(), strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=RELEASE)


def test_a_sample_is_released_once_any_question_has_a_label_unless_one_says_out_of_scope() -> None:
    found = labelled_samples({"topic": TOPIC, "size": SIZE})
    assert found.to_pylist() == [
        {"sample_id": "a", "in_subset": True, "is_released": True},
        {"sample_id": "b", "in_subset": True, "is_released": True},
        {"sample_id": "c", "in_subset": True, "is_released": False},
        {"sample_id": "z", "in_subset": False, "is_released": True},
    ]


def test_a_sample_without_a_label_of_a_required_question_stays_behind() -> None:
    found = labelled_samples({"topic": TOPIC, "size": QuestionLabels(SIZE.labels, is_required=True)})
    released = dict(zip(found["sample_id"].to_pylist(), found["is_released"].to_pylist(), strict=True))
    assert released == {"a": False, "b": True, "c": False, "z": True}


def test_labels_of_all_questions_are_one_text_with_nulls_where_there_is_none() -> None:
    nothing = {"label": None, "provenance": None, "posterior": None, "quality": None}
    (text,) = labels_as_text(["a"], {"topic": TOPIC, "size": SIZE}).to_pylist()
    assert json.loads(text) == {
        "topic": {"label": "bread", "provenance": "human", "posterior": 0.5, "quality": 0.25},
        "size": nothing,
    }


def test_files_have_columns_for_each_question_and_give_back_the_same_rows() -> None:
    rows = _release()
    exported = in_columns(rows)
    assert exported.column_names[5:9] == ["topic_label", "topic_provenance", "topic_posterior", "topic_quality"]
    assert exported["size_label"].to_pylist() == [None, "long"]
    assert "label" not in exported.column_names
    assert out_of_columns(exported)["labels_by_question"].to_pylist() == rows["labels_by_question"].to_pylist()


def test_rows_without_questions_have_the_columns_that_they_had() -> None:
    place = RELEASE.get_field_index("labels_by_question")
    rows = _release()
    plain = rows.set_column(place, RELEASE.field(place), pa.nulls(2, pa.string()))
    assert questions_of(plain) == ()
    assert in_columns(plain).column_names == [name for name in RELEASE.names if name != "labels_by_question"]


def test_the_rows_of_one_question_are_those_with_a_label_of_it() -> None:
    assert questions_of(_release()) == ("topic", "size")
    rows = rows_of_question(_release(), "size")
    assert [(row["sample_id"], row["label"]) for row in rows.to_pylist()] == [("b", "long")]
