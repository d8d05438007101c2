"""Label Studio JSON, its own exports included."""

import json
from datetime import UTC, datetime

import pytest

from data_engine.errors import InvalidInput
from data_engine.review.exchange import label_studio


def _annotation(*choices, **changes):
    result = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": list(choices)}}
    return {"id": 7, "completed_by": 3, "result": [result], "updated_at": "2026-05-01T12:00:00Z"} | changes


def _read(tmp_path, *annotations, **data):
    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"id": 1, "data": data, "annotations": list(annotations)}]), "utf-8")
    return label_studio.read(path)


def test_an_export_of_label_studio_gives_answers_with_account_and_time(tmp_path):
    (task,) = _read(tmp_path, _annotation("mit"), _annotation(was_cancelled=True), text="x", sample_id="s0").tasks
    (answer,) = task.answers
    assert (task.sample_id, answer.annotator, answer.answer) == ("s0", "label-studio:3", '{"label":"mit"}')
    assert answer.answered_at == datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_an_account_with_an_address_goes_by_it(tmp_path):
    by = {"id": 3, "email": "ada@example.org"}
    (task,) = _read(tmp_path, _annotation("mit", completed_by=by), image="a/b.png").tasks
    assert (task.uri, task.answers[0].annotator) == ("a/b.png", "ada@example.org")


def test_an_annotation_of_nobody_may_have_somebody_beside_the_file(tmp_path):
    (task,) = _read(tmp_path, _annotation("mit", completed_by=None), sample_id="s0").tasks
    assert task.answers[0].annotator == ""


@pytest.mark.parametrize(
    ("annotation", "said"),
    [
        (_annotation(), "task 1, annotation 1: there are 0 choices"),
        (_annotation("mit", "gpl"), "there are 2 choices; an answer is one text: use choice=single"),
        (_annotation(7), "there are 1 choices; an answer is one text"),
        (_annotation("mit", result=[]), "result has 0 entries; an answer is one choice"),
        (_annotation("mit", result=[{"type": "rectanglelabels"}]), "of type 'rectanglelabels'"),
        (_annotation("mit", result=7), "result is 7; it must be a list"),
        (_annotation("mit", updated_at="soon"), "answered_at is 'soon'"),
        (_annotation("mit", was_cancelled="no"), "was_cancelled is 'no'; it must be true or false"),
        ("mit", "task 1, annotation 1 is 'mit'; it must be an object"),
    ],
)
def test_an_annotation_that_is_no_class_is_told_with_its_place(tmp_path, annotation, said):
    with pytest.raises(InvalidInput, match=said):
        _read(tmp_path, annotation, sample_id="s0")


def test_only_arms_that_show_a_proposal_have_a_prediction(exported, tmp_path):
    path = tmp_path / "a.json"
    label_studio.write(exported, path)
    shown = {
        task["meta"]["data_engine"]["arm"]: task["predictions"] for task in json.loads(path.read_text("utf-8"))[:4]
    }
    assert (shown["manual"], shown["blind"]) == ([], [])
    assert shown["proposed"][0]["score"] == 0.75
    assert shown["trap"][0]["result"][0]["value"] == {"choices": ["gpl-2.0"]}


def test_what_was_changed_in_label_studio_is_the_answer_of_whoever_changed_it(exported, tmp_path):
    path = tmp_path / "a.json"
    label_studio.write(exported, path)
    tasks = json.loads(path.read_text("utf-8"))
    for annotation in (tasks[0]["annotations"][0], tasks[1]["annotations"][0]):
        annotation |= {"completed_by": 3, "updated_at": "2026-06-01T00:00:00Z"}
    tasks[0]["annotations"][0]["result"][0]["value"]["choices"] = ["gpl-2.0"]
    path.write_text(json.dumps(tasks), "utf-8")
    changed, same = (task.answers[0] for task in label_studio.read(path).tasks[:2])
    assert (changed.annotator, changed.answer, changed.answered_at.month) == (
        "label-studio:3",
        '{"label":"gpl-2.0"}',
        6,
    )
    assert (same.annotator, same.answered_at.month) == ("ada", 5)
