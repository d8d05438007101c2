"""Tasks over HTTP: taken, answered once, corrected, skipped; nobody touches what is somebody else's."""

import pytest
from review_page import PNG, Page, licences_on_page, missing_image

from data_engine.review_page.page_corpus import ShownFrame, ShownImage

_NEXT, _ANSWER = "/api/v1/next", "/api/v1/annotations"


def take(client, **form):
    return client.post(_NEXT, json={"corpus": "licences", **form}).json()["tasks"]


def give(client, task, label, number=0, **form):
    form = {"lease_id": task["lease_id"], "submission_id": f"submission-{number}", "label": label, **form}
    return client.post(_ANSWER, json=form)


def test_a_task_is_shown_without_what_would_tell_a_trap(page):
    tasks = take(page.of("ada"), n=4)
    assert [task["text"] for task in tasks] == ["text 0", "text 1", "text 2", "text 3"]
    assert [task["proposed_label"] for task in tasks] == [None, "mit", None, "gpl-2.0"]
    assert {name for task in tasks for name in task}.isdisjoint({"arm", "purpose", "sample_id", "probability"})
    assert set(tasks[1]) == set(tasks[3])
    # Where a sample is from may tell its class, or that it was asked about before.
    assert [task["uri"] for task in tasks] == [task["task_id"][:12] for task in tasks]


def test_an_answer_is_kept_once_however_often_it_is_sent(page):
    ada = page.of("ada")
    (task,) = take(ada)
    first = give(ada, task, "mit", active_s=0.01).json()
    assert give(ada, task, "mit", active_s=0.01).json() == {**first, "is_repeat": True}
    assert give(ada, task, "gpl-2.0").status_code == 422
    (row,) = page.queue.answers("b1").to_pylist()
    assert (row["label"], row["provenance"], row["annotator"], row["is_simulated"]) == ("mit", "human", "ada", False)


def test_an_answer_is_corrected_by_its_author_only(page):
    ada = page.of("ada")
    given = give(ada, take(ada)[0], "mit").json()
    place = f"{_ANSWER}/{given['annotation_id']}/reopen"
    assert page.of("bob", "admin").post(place, json={"label": "gpl-2.0"}).status_code == 404
    assert ada.post(place, json={"label": "gpl-2.0"}).json()["revision"] == 2
    (row,) = ada.get(f"{_ANSWER}/last").json()["answers"]
    assert (row["label"], row["text"], row["is_image"]) == ("gpl-2.0", "text 0", False)


def test_a_skipped_task_comes_again_when_nothing_else_is_left(page):
    ada = page.of("ada")
    (task,) = take(ada)
    assert ada.delete(f"/api/v1/leases/{task['lease_id']}").status_code == 422
    assert ada.delete(f"/api/v1/leases/{task['lease_id']}", params={"reason": "unclear"}).status_code == 204
    for number, task in enumerate(take(ada, n=3)):
        assert give(ada, task, "mit", number).status_code == 200
    (again,) = take(ada)
    assert (again["text"], again["was_skipped"]) == ("text 0", True)
    assert give(ada, again, "mit", 9).status_code == 200
    assert take(ada) == []


def test_a_lease_of_somebody_else_is_as_if_it_were_not_there(page):
    (task,) = take(page.of("ada"))
    bob = page.of("bob", "admin")
    lease = f"/api/v1/leases/{task['lease_id']}"
    said = [
        give(bob, task, "mit"),
        bob.post(f"{lease}/renew"),
        bob.post(f"{lease}/return"),
        bob.delete(lease, params={"reason": "x"}),
        bob.get(f"{lease}/score"),
    ]
    assert [answer.status_code for answer in said] == [404] * 5
    assert page.queue.answers("b1").num_rows == 0


def test_a_lost_lease_is_told_and_the_answer_kept_as_a_draft(page):
    ada = page.of("ada")
    (task,) = take(ada)
    page.of("eve", "admin").post("/api/v1/batches/b1/end", json={"reason": "enough"})
    said = give(ada, task, "mit")
    assert said.status_code == 409
    assert "finished by others or withdrawn" in said.json()["error"]
    assert page.queue.draft(task["lease_id"]) == "mit"
    assert ada.post(f"/api/v1/leases/{task['lease_id']}/renew").status_code == 409


def test_a_draft_is_shown_again_wherever_its_author_takes_the_task(page):
    ada, bob = page.of("ada"), page.of("bob")
    (task,) = take(ada)
    place = f"/api/v1/tasks/{task['task_id']}/draft"
    assert (task["draft"], ada.get(place).status_code) == ({}, 404)
    assert ada.put(place, json={"comment": "which?", "label": "mit"}).status_code == 204
    (seen,) = take(page.of("ada"))
    assert (seen["task_id"], seen["draft"]) == (task["task_id"], {"comment": "which?", "label": "mit"})
    assert bob.put(place, json={"comment": "mine"}).status_code == 404
    assert bob.get(place).status_code == 404
    assert ada.put(place, json={"comment": "x" * 2001}).status_code == 422
    assert ada.put(place, json={"provenance": "human"}).status_code == 422
    assert ada.put(place, json={}).status_code == 204
    assert take(ada)[0]["draft"] == {}


def test_a_draft_of_a_lost_task_is_refused_and_kept_all_the_same(page):
    ada = page.of("ada")
    (task,) = take(ada)
    place = f"/api/v1/tasks/{task['task_id']}/draft"
    page.of("eve", "admin").post("/api/v1/batches/b1/end", json={"reason": "enough"})
    said = ada.put(place, json={"comment": "not done"})
    assert said.status_code == 409
    assert "kept as a draft" in said.json()["error"]
    assert ada.get(place).json() == {"draft": {"comment": "not done"}}
    assert give(ada, task, "mit").status_code == 409
    assert ada.get(place).json() == {"draft": {"label": "mit"}}


@pytest.mark.parametrize(
    "forged",
    [
        {"provenance": "human"},
        {"annotator": "bob"},
        {"is_simulated": False},
        {"arm": "manual"},
        {"revision": 9},
        {"active_s": -1},
        {"active_s": 1e9},
        {"submission_id": "short"},
        {"label": "no class"},
        {"label": "mit\x00"},
        {"label": None},
        {"answer": {"label": "mit"}},
        {"answer": {"label": "mit"}, "label": None, "comment": "x" * 2001},
    ],
    ids=str,
)
def test_what_a_page_may_not_say_is_refused_and_nothing_is_written(page, forged):
    ada = page.of("ada")
    assert give(ada, take(ada)[0], **{"label": "mit", **forged}).status_code == 422
    assert page.queue.answers("b1").num_rows == 0


def test_the_score_of_a_proposal_is_told_who_asks(page):
    ada = page.of("ada")
    tasks = take(ada, n=2)
    told = [ada.get(f"/api/v1/leases/{task['lease_id']}/score").json()["probability"] for task in tasks]
    assert told == [None, 0.75]


def test_tasks_of_one_proposal_are_taken_together(page):
    ada = page.of("ada")
    assert ada.get("/api/v1/corpora/licences/proposed").json() == {"proposed": {"gpl-2.0": 1, "mit": 1}}
    assert [task["text"] for task in take(ada, n=9, proposed="mit")] == ["text 1"]
    assert take(ada, n=9, proposed="apache-2.0") == []


def test_a_lease_is_renewed_and_returned(page):
    ada = page.of("ada")
    (task,) = take(ada)
    renewed = ada.post(f"/api/v1/leases/{task['lease_id']}/renew").json()
    assert renewed["expires_at"] >= task["expires_at"]
    assert ada.post(f"/api/v1/leases/{task['lease_id']}/return").status_code == 204
    assert page.queue.progress("b1").n_leased == 0


def test_images_come_by_the_task_alone_and_as_our_type(queue):
    page = Page(queue, licences_on_page(is_of_images=True))
    ada = page.of("ada")
    (task,) = take(ada)
    for size in ("full", "small"):
        shown = ada.get(f"/api/v1/tasks/{task['task_id']}/media", params={"size": size})
        assert (shown.content, shown.headers["content-type"]) == (PNG, "image/png")
    assert page.of("bob").get(f"/api/v1/tasks/{task['task_id']}/media").status_code == 404
    assert Page(queue).of("ada").get(f"/api/v1/tasks/{task['task_id']}/media").status_code == 404
    gone = Page(queue, licences_on_page(is_of_images=True, image_of=missing_image)).of("ada")
    assert gone.get(f"/api/v1/tasks/{task['task_id']}/media").json() == {"error": "the image is gone"}


def test_what_is_played_comes_by_the_task_alone_also_in_parts(queue):
    page = Page(queue, licences_on_page(is_of_images=True, player_of=lambda _: ShownImage("audio/wav", b"0123456789")))
    ada = page.of("ada")
    (task,) = take(ada)
    place = f"/api/v1/tasks/{task['task_id']}/player"
    assert task["has_player"] is True and ada.get(place).content == b"0123456789"
    part = ada.get(place, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert page.of("bob").get(place).status_code == 404
    assert page.client().get(place).status_code == 401
    assert Page(queue).of("ada").get(place).status_code == 404


@pytest.mark.parametrize(
    "place",
    [
        "/api/v1/tasks/../../etc/passwd/media",
        "/api/v1/tasks/%2e%2e%2f%2e%2e%2fetc%2fpasswd/media",
        "/api/v1/tasks/..%5c..%5creview.db/media",
        "/api/v1/tasks/file:%2f%2f%2fetc%2fpasswd/media",
        "/../review.db",
        "/%2e%2e/review.db",
        "/static/../app.py",
        "/app.py",
        "/index.html%00.js",
        "//etc/passwd",
    ],
)
def test_no_path_is_taken_from_a_request(page, place):
    said = page.of("ada", "admin").get(place)
    assert said.status_code in (404, 422)
    assert "root:" not in said.text and "import" not in said.text


def test_a_task_about_a_frame_says_where_it_is_and_shows_what_is_beside_it(queue):
    def image_of(sample_id, _is_small):
        return ShownImage("image/png", sample_id.encode(), (3, 4))

    frame = ShownFrame("clip.mp4", 3.2, previous="before", previous_s=2.2)
    ada = Page(queue, licences_on_page(is_of_images=True, image_of=image_of, frame_of=lambda _: frame)).of("ada")
    (task,) = take(ada)
    assert task["frame"] == {"video": "clip.mp4", "time_s": 3.2, "previous_s": 2.2, "next_s": None}
    place = f"/api/v1/tasks/{task['task_id']}/media"
    assert ada.get(place, params={"beside": "previous"}).content == b"before"
    assert ada.get(place).content != b"before"
    none = ada.get(place, params={"beside": "next"})
    assert (none.status_code, none.json()) == (404, {"error": "there is no next frame of this task"})
    assert ada.get(place, params={"beside": "other"}).status_code == 422


def test_a_task_about_no_frame_says_nothing_of_one(page):
    ada = page.of("ada")
    (task,) = take(ada)
    assert task["frame"] is None
