"""Masks and answers of objects over HTTP."""

import json
import threading
from datetime import UTC, datetime

import pytest
from objects_on_page import coins_on_page, ends, images, outlined, square
from review_page import Page

from data_engine.review_page.mask_predictions import MaskPredictions
from data_engine.review_page.newest_work import NewestWork
from data_engine.segmentation import Segmenter


@pytest.fixture
def page(queue) -> Page:
    made = Page(queue, coins_on_page())
    queue.open_batch(
        "b2", corpus="licences", question="?", classes=["coin", "button"], kind="objects", cause="a test",
        tasks=images(2, outlined(square(10, 10, 20))), answers_per_task=2, now=datetime.now(UTC),
    )  # fmt: skip
    return made


def take(client):
    return client.post("/api/v1/next", json={"corpus": "licences", "batch": "b2"}).json()["tasks"][0]


def ask(client, task, **form):
    return client.post(f"/api/v1/tasks/{task['task_id']}/mask", json={"extreme_points": ends(0), **form})


def give(client, task, answer, number=0):
    form = {"lease_id": task["lease_id"], "submission_id": f"submission-{number}", "answer": answer, "active_s": 0}
    return client.post("/api/v1/annotations", json=form)


def test_a_task_shows_its_proposal_and_the_size_of_its_image(page):
    ada = page.of("ada")
    task = take(ada)
    assert (task["kind"], task["proposed_answer"]) == ("objects", outlined(square(10, 10, 20)))
    assert ada.get(f"/api/v1/tasks/{task['task_id']}/media").headers["x-image-size"] == "320x240"
    assert ada.get("/api/v1/corpora").json()["corpora"][0]["kind"] == "objects"


def test_a_mask_is_for_who_holds_the_task(page):
    ada = page.of("ada")
    task = take(ada)
    found = ask(ada, task).json()
    assert set(found) == {"polygons", "mask", "seconds", "segmenter"}
    again = ask(ada, task, clicks=[[125, 80, True]], previous=found["mask"], object_number=3)
    assert again.status_code == 200 and again.json()["mask"] != found["mask"]
    assert ask(page.of("bob"), task).status_code == 404
    assert page.client().post(f"/api/v1/tasks/{task['task_id']}/mask", json={}).status_code == 401


@pytest.mark.parametrize(
    "form",
    [
        {"extreme_points": ends(0)[:3]},
        {"extreme_points": [[None, 2]] * 4},
        {"extreme_points": [["a", 2]] * 4},
        {"clicks": [[1, 2, "yes"]]},
        {"clicks": [[1, 2, True]] * 201},
        {"previous": "all of it"},
        {"n_new_clicks": 0},
        {"segmenter": "/etc/passwd"},
    ],
    ids=lambda form: str(form)[:40],
)
def test_a_malformed_prompt_is_an_error_of_the_client(page, form):
    ada = page.of("ada")
    said = ask(ada, take(ada), **form)
    assert said.status_code == 422 and said.json()["error"]


def test_a_slow_segmenter_is_given_up_and_answers_go_on(page):
    may_end = threading.Event()
    slow = Segmenter("slow", "slow-1", lambda crop: may_end.wait(30) or crop)
    hasty = NewestWork(n_threads=1, patience_s=0.05)
    object.__setattr__(page.app.state.page, "masks", MaskPredictions(hasty))
    page.app.state.page.corpora["licences"] = coins_on_page(load_segmenter=lambda: slow)
    ada = page.of("ada")
    task = take(ada)
    late = ask(ada, task)
    assert late.status_code == 504 and "draw the outline by hand" in late.json()["error"]
    busy = ask(ada, task)
    assert busy.status_code == 503 and "still at earlier clicks" in busy.json()["error"]
    assert give(ada, task, outlined(square(10, 10, 20))).status_code == 200
    may_end.set()


def test_objects_are_answered_corrected_and_kept_as_a_draft(page):
    ada = page.of("ada")
    task = take(ada)
    many = outlined(*[square(x, y, 8) for x in range(0, 300, 10) for y in range(0, 220, 8)])
    begun = {**many, "points": [[3, 4]]}
    place = f"/api/v1/tasks/{task['task_id']}/draft"
    assert len(json.dumps(begun)) > 64 * 1024
    assert ada.put(place, json={"answer": begun, "comment": "half"}).status_code == 204
    assert ada.get(place).json()["draft"]["answer"] == begun
    timed = outlined({**square(10, 10, 20), "active_s": 3.5, "idle_s": 0, "waiting_s": 0.25})
    given = give(ada, task, timed)
    assert ada.get(place).status_code == 404
    (row,) = page.queue.answers("b2").to_pylist()
    assert (row["provenance"], row["label"], json.loads(row["answer"])) == ("model_accepted", None, timed)
    again = f"/api/v1/annotations/{given.json()['annotation_id']}/reopen"
    assert ada.post(again, json={"answer": outlined()}).json()["revision"] == 2
    (last,) = ada.get("/api/v1/annotations/last").json()["answers"]
    assert (last["shown"], last["answer"], last["kind"]) == ("no objects", outlined(), "objects")


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ({**square(10, 10, 20), "polygons": [[[0, 0], [9, 9], [9, 0], [0, 9]]]}, "object 0 has a polygon that crosses"),
        ({**square(10, 10, 20), "active_s": -1}, "active_s of object 0 is -1"),
        ({**square(10, 10, 20), "waiting_s": "long"}, "waiting_s of object 0"),
        (square(310, 10, 20), "inside the image"),
        (None, "the size of the answer is [480, 640], and the image has [240, 320] (height, width); load the page"),
        (square(10, 10, 20, "ring"), "object 0 is a 'ring'"),
    ],
)
def test_what_the_kind_refuses_names_the_object(page, broken, words):
    ada = page.of("ada")
    answer = outlined(broken) if broken else {**outlined(), "size": [480, 640]}
    said = give(ada, take(ada), answer)
    assert said.status_code == 422 and words in said.json()["error"]


def test_disputed_objects_are_shown_without_names_and_decided(page):
    for number, (name, x) in enumerate((("ada", 10), ("bob", 150))):
        client = page.of(name)
        assert give(client, take(client), outlined(square(x, 10, 20)), number).status_code == 200
    eve = page.of("eve", "reviewer")
    (row,) = eve.get("/api/v1/batches/b2/disputed").json()["disputed"]
    assert [each["answer"]["objects"][0]["polygons"][0][0] for each in row["answers"]] == [[10, 10], [150, 10]]
    assert {"ada", "bob"}.isdisjoint(json.dumps(row).split('"'))
    decision = {"sample_id": row["sample_id"], "answer": row["answers"][1]["answer"]}
    assert eve.post("/api/v1/batches/b2/decisions", json={"sample_id": row["sample_id"]}).status_code == 422
    assert eve.post("/api/v1/batches/b2/decisions", json=decision).status_code == 204
    (decided,) = [each for each in page.queue.answers("b2").to_pylist() if each["decided_at"]]
    assert (json.loads(decided["answer"]), decided["provenance"]) == (decision["answer"], "adjudicated")
    assert page.queue.labels_given("b2") == set()
    assert eve.get("/api/v1/batches/b2/disputed").json() == {"disputed": []}
