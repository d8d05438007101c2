"""Corpora and batches over HTTP, by role."""

from review_people import answer_all


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


def test_only_admins_end_a_batch(page):
    assert page.of("eve", "reviewer").post("/api/v1/batches/b1/end", json={"reason": "x"}).status_code == 403
    admin = page.of("root", "admin")
    assert admin.post("/api/v1/batches/b1/end", json={"reason": "x"}).json() == {"is_ended": True}
    assert admin.post("/api/v1/batches/b1/end", json={"reason": "x"}).json() == {"is_ended": False}
    assert admin.post("/api/v1/batches/b2/end", json={"reason": "x"}).status_code == 404
