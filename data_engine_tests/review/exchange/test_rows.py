"""Flat rows: what they say, and what is refused."""

import pytest

from data_engine.errors import InvalidInput
from data_engine.review.exchange.rows import ROW, exchange_of, rows_of


def _read(*rows):
    return exchange_of((f"line {number}", row) for number, row in enumerate(rows, 1))


def test_a_row_of_another_tool_needs_a_sample_a_label_and_who_gave_it():
    (task,) = _read({"sample_id": "s0", "label": "mit", "annotator": "ada", "colour": "red"}).tasks
    (answer,) = task.answers
    assert (task.sample_id, task.batch_id, task.purpose) == ("s0", None, None)
    assert (answer.annotator, answer.answer, answer.answered_at, answer.revision) == ("ada", '{"label":"mit"}', None, 1)


def test_rows_of_one_task_are_one_task_wherever_they_stand():
    first = {"sample_id": "s0", "label": "mit", "annotator": "ada"}
    found = _read(first, {"uri": "b.txt", "label": "mit", "annotator": "ada"}, {**first, "annotator": "bob"})
    assert [len(task.answers) for task in found.tasks] == [2, 1]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"label": "mit", "annotator": "ada"}, "line 1: sample_id and uri are missing"),
        ({"sample_id": "s0", "annotator": "ada"}, "line 1: there is neither label nor answer"),
        ({"sample_id": "s0", "label": "mit", "annotator": "ada", "answer": {"label": "gpl"}}, "give one of them"),
        ({"sample_id": "s0", "label": "mit", "annotator": "ada", "revision": 0}, "line 1: revision is 0"),
        ({"sample_id": "s0", "label": "mit", "annotator": "ada", "active_s": -1}, "line 1: active_s is -1"),
        ({"sample_id": "s0", "label": 7, "annotator": "ada"}, "line 1: label is 7; it must be a text"),
        ({"sample_id": "s0", "review_batch": "b", "question": "?", "kind": "class"}, "line 1: opened_at is missing"),
        ([], "line 1 is a list of 0; it must be an object"),
    ],
)
def test_a_row_that_breaks_a_rule_is_told_with_its_line(row, said):
    with pytest.raises(InvalidInput, match=said):
        _read(row)


def test_who_answered_may_be_said_beside_the_file():
    (task,) = _read({"sample_id": "s0", "label": "mit"}).tasks
    assert task.answers[0].annotator == ""


def test_a_file_of_two_corpora_is_refused():
    row = {"sample_id": "s0", "label": "mit", "annotator": "ada", "corpus": "a"}
    with pytest.raises(InvalidInput, match="line 2: corpus is 'b' here and 'a' before"):
        _read(row, {**row, "corpus": "b"})


def test_every_row_has_every_column(exported):
    rows = list(rows_of(exported))
    assert {tuple(row) for row in rows} == {tuple(ROW.names)}
    assert [row["remark"] for row in rows if row["label"] is None] == ["decision", "draft", "skip"]
