"""Corpora and batches over HTTP, by role."""

from review_page import Page, licences_on_page
from review_people import NOON, answer_all

from data_engine.review import NewTask


def test_corpora_come_with_their_instructions_and_examples(page):
    ada = page.of("ada")
    (corpus,) = ada.get("/api/v1/corpora").json()["corpora"]
    assert corpus["definitions"] == {"mit": "The MIT licence."}
    assert (corpus["instructions"], corpus["out_of_scope"]) == ("Read the whole text.", "gpl-2.0")
    answer_all(page.queue, "ada", ["mit"])
    answer_all(page.queue, "bob", ["mit"])
    (example,) = ada.get("/api/v1/corpora/licences/examples").json()["examples"]["mit"]
    assert (example["text"], example["is_simulated"]) == ("text 0", False)
    assert ada.get("/api/v1/corpora/licences/left").json() == {"left": "all samples have a label"}
    assert ada.get("/api/v1/corpora/other/left").status_code == 404


def test_batches_show_what_is_left_for_whoever_asks(page):
    answer_all(page.queue, "ada", ["mit"])
    (seen,) = page.of("ada").get("/api/v1/batches").json()["batches"]
    assert (seen["batch_id"], seen["n_mine"], seen["n_left"]) == ("b1", 1, 3)


def test_only_reviewers_see_and_decide_what_is_disputed(page):
    answer_all(page.queue, "ada", ["mit", "mit", "mit", "mit"])
    answer_all(page.queue, "bob", ["mit", "gpl-2.0", "mit", "mit"])
    place = "/api/v1/batches/b1"
    ada, eve = page.of("ada"), page.of("eve", "reviewer")
    assert ada.get(f"{place}/disputed").status_code == 403
    assert ada.post(f"{place}/decisions", json={"sample_id": "s1", "label": "mit"}).status_code == 403
    (found,) = eve.get(f"{place}/disputed").json()["disputed"]
    assert [each["label"] for each in found["answers"]] == ["gpl-2.0", "mit"]
    assert "ada" not in str(found)
    assert eve.post(f"{place}/decisions", json={"sample_id": "s1", "label": "nothing"}).status_code == 422
    assert eve.post(f"{place}/decisions", json={"sample_id": "zz", "label": "mit"}).status_code == 422
    assert eve.post(f"{place}/decisions", json={"sample_id": "s1", "label": "mit"}).status_code == 204
    assert eve.get(f"{place}/disputed").json() == {"disputed": []}
    assert eve.get("/api/v1/batches/b2/disputed").status_code == 404


def test_only_admins_open_a_batch_and_one_that_waits_is_named_instead(queue):
    asked = []

    def ask(n_queries):
        asked.append(n_queries)
        if len(asked) == 1:
            queue.open_batch(
                "b2", corpus="licences", question="?", classes=("mit", "gpl-2.0"), cause="c", now=NOON,
                tasks=[NewTask("s9", "query", "manual")],
            )  # fmt: skip
        return "b2" if len(asked) < 3 else None

    page = Page(queue, licences_on_page(ask=ask))
    body = {"corpus": "licences", "n_queries": 7}
    assert page.of("eve", "reviewer").post("/api/v1/batches", json=body).status_code == 403
    admin = page.of("root", "admin")
    assert admin.post("/api/v1/batches", json=body).json() == {"batch_id": "b2", "is_new": True}
    assert admin.post("/api/v1/batches", json=body).json() == {"batch_id": "b2", "is_new": False}
    assert admin.post("/api/v1/batches", json=body).json() == {"batch_id": None, "is_new": False}
    assert asked == [7, 7, 7]
    (line,) = [row for row in queue.actions() if row.kind == "asked"]
    assert (line.annotator, line.subject_id, dict(line.detail)) == ("root", "b2", {"n_queries": 7})
    assert admin.post("/api/v1/batches", json=body | {"n_queries": 0}).status_code == 422
    assert admin.post("/api/v1/batches", json=body | {"corpus": "other"}).status_code == 404


def test_only_admins_end_a_batch(page):
    assert page.of("eve", "reviewer").post("/api/v1/batches/b1/end", json={"reason": "x"}).status_code == 403
    admin = page.of("root", "admin")
    assert admin.post("/api/v1/batches/b1/end", json={"reason": "x"}).json() == {"is_ended": True}
    assert admin.post("/api/v1/batches/b1/end", json={"reason": "x"}).json() == {"is_ended": False}
    assert admin.post("/api/v1/batches/b2/end", json={"reason": "x"}).status_code == 404
