"""Pushing: the most urgent first, each once whatever fails, and nothing that gives a trap away."""

import json

import pytest
from review_people import CLASSES, NOON

from data_engine.errors import InvalidInput
from data_engine.review.label_studio import pushing
from data_engine.review.label_studio.client import LabelStudioError
from data_engine.review.label_studio.pushing import Pushed, labeling_interface, push


def test_open_tasks_are_added_by_urgency_with_what_is_proposed(pushed, studio):
    assert pushed() == Pushed(5, 0, ())
    assert [task["data"]["sample_id"] for task in studio.tasks] == ["s4", "s3", "s2", "s1", "s0"]
    shown = [[p["result"][0]["value"]["choices"][0] for p in task["predictions"]] for task in studio.tasks]
    assert shown == [["gpl-2.0"], ["mit"], [], [], []]
    assert studio.tasks[1]["predictions"][0]["score"] == 0.75
    assert studio.tasks[0]["data"]["text"] == "text 4"
    told = json.dumps(studio.tasks)
    assert not [word for word in ("trap", "blind", "hold_out", "audit", "arm", "purpose") if word in told]


def test_a_second_push_adds_what_is_new_and_open_alone(pushed, studio, queue):
    pushed()
    assert pushed() == Pushed(0, 5, ())
    lease = queue.next("eve", now=NOON)
    queue.submit(lease.lease_id, "eve-1", label="mit", now=NOON)
    assert pushed() == Pushed(0, 4, ())
    assert len(studio.tasks) == 5


def test_tasks_of_another_queue_in_the_project_are_not_taken_for_ours(pushed, studio):
    pushed()
    for task in studio.tasks:
        task["meta"]["data_engine"]["queue_id"] = "another"
    assert pushed().n_new == 5


@pytest.mark.parametrize("first", ["/api/projects/7/import", "added, then"])
def test_a_push_that_fails_is_finished_without_adding_twice(pushed, studio, first):
    studio.todo = [(first, 500)]
    assert pushed() == Pushed(5, 0, ())
    assert sorted(task["data"]["sample_id"] for task in studio.tasks) == ["s0", "s1", "s2", "s3", "s4"]


def test_a_push_that_goes_on_failing_is_told(pushed, studio):
    studio.todo = [("/api/projects/7/import", 500)] * 3
    with pytest.raises(LabelStudioError, match="answered 500"):
        pushed()


def test_many_tasks_go_in_several_requests(pushed, studio, monkeypatch):
    monkeypatch.setattr(pushing, "_AT_ONCE", 2)
    pushed()
    assert studio.asked.count("POST /api/projects/7/import") == 3
    monkeypatch.setattr(pushing, "_MOST_BYTES_AT_ONCE", 10)
    studio.tasks.clear()
    pushed()
    assert studio.asked.count("POST /api/projects/7/import") == 8


@pytest.mark.parametrize(
    ("parsed", "said"),
    [
        ({}, "does not ask for one class of one text; paste this"),
        (None, "does not ask for one class"),
        (
            {"label": {"type": "Choices", "to_name": ["x"], "inputs": [{"type": "Image"}], "labels": list(CLASSES)}},
            "text",
        ),
        (
            {"label": {"type": "Choices", "labels": ["mit"]}},
            r"the choices of the project lack \['apache-2.0', 'gpl-2.0'\]",
        ),
    ],
)
def test_a_labeling_interface_that_does_not_fit_is_told_with_one_that_does(pushed, studio, parsed, said):
    studio.settings["parsed_label_config"] = parsed
    with pytest.raises(InvalidInput, match=said) as refused:
        pushed()
    assert labeling_interface(CLASSES, "Text") in str(refused.value)
    assert studio.tasks == []


def test_classes_are_no_markup():
    assert '<Choice value="a&lt;b&amp;&quot;c"/>' in labeling_interface(['a<b&"c'], "Text").replace("'", '"') or (
        "value='a&lt;b&amp;\"c'" in labeling_interface(['a<b&"c'], "Text")
    )


def test_images_are_pushed_with_their_bytes(project, queue, studio):
    control = studio.settings["parsed_label_config"]["label"]
    control |= {"to_name": ["image"], "inputs": [{"type": "Image", "value": "picture"}]}
    tasks = queue.tasks_to_push("licences")
    asked = {"classes": CLASSES, "corpus": "licences", "queue_id": "q"}
    push(project, tasks, image_of=lambda sample_id: f"data:image/png;base64,{sample_id}", **asked)
    assert studio.tasks[0]["data"]["picture"] == "data:image/png;base64,s4"
    assert studio.tasks[0]["predictions"][0]["result"][0]["to_name"] == "image"


def test_a_project_that_asks_less_or_in_another_order_is_remarked(pushed, studio, queue):
    studio.settings |= {"maximum_annotations": 0, "sampling": "Uniform sampling"}
    first, second = pushed().remarks
    assert "tasks want 1 answers, and the project asks for 0" in first
    assert "not ask in the order of its tasks" in second
