"""People over HTTP: each sees themselves, reviewers everybody, admins tokens and lines."""

from review_people import answer_all

from data_engine.labeling.answers.shown_annotators import shown_annotator


def test_everybody_sees_who_they_are_and_how_they_answer_but_not_their_traps(page):
    answer_all(page.queue, "ada", ["mit", "mit", "mit", "mit"])
    ada = page.of("ada")
    assert ada.get("/api/v1/me").json() == {"annotator": "ada", "role": "annotator", "lease_s": 420}
    (own,) = ada.get("/api/v1/statistics").json()["annotators"]
    assert own["n_answers"] == 4
    assert set(own).isdisjoint({"trap_catch_rate", "n_traps", "seconds_by_arm"})
    assert ada.get("/api/v1/statistics/people").status_code == 403


def test_reviewers_see_everybody(page):
    answer_all(page.queue, "ada", ["mit", "mit", "mit", "mit"])
    answer_all(page.queue, "bob", ["mit", "mit", "mit", "gpl-2.0"])
    found = page.of("eve", "reviewer").get("/api/v1/statistics/people").json()["annotators"]
    assert {row["shown_as"] for row in found} == {shown_annotator("ada"), shown_annotator("bob")}
    assert {row["annotator"]: row["trap_catch_rate"] for row in found} == {"ada": 1.0, "bob": 0.0}
    assert [row["kind"] for row in page.of("eve", "reviewer").get("/api/v1/changes").json()["changes"]] == [
        "opened",
        "answered",
    ]
    assert page.of("eve", "reviewer").get("/api/v1/tokens").status_code == 403


def test_admins_see_tokens_without_their_secrets_and_every_line(page):
    secret = page.of("ada").headers["authorization"].split()[1]
    admin = page.of("root", "admin")
    listed = admin.get("/api/v1/tokens")
    assert [row["annotator"] for row in listed.json()["tokens"]] == ["ada", "root"]
    assert secret not in listed.text
    assert [row["kind"] for row in admin.get("/api/v1/actions").json()["actions"]] == ["token_created"] * 2
    assert admin.get("/api/v1/actions", params={"after": -1}).status_code == 422
    assert page.of("ada").get("/api/v1/actions").status_code == 403
