"""A review batch as a file over HTTP, for admins alone."""

import json
from pathlib import Path

import pytest
from review_page import licences_on_page
from review_people import answer_all

from data_engine.review.exchange.registry import EXCHANGE_FORMATS, read_file

PLACE = "/api/v1/batches/b1/export"


@pytest.mark.parametrize("name", sorted(EXCHANGE_FORMATS))
def test_an_admin_gets_a_batch_in_every_format(page, name, tmp_path: Path):
    answer_all(page.queue, "ada", ["mit", "mit"])
    said = page.of("root", "admin").get(PLACE, params={"format": name})
    assert said.status_code == 200
    assert said.headers["content-type"].startswith(EXCHANGE_FORMATS[name].media_type)
    assert said.headers["content-disposition"].startswith('attachment; filename="review-batch-')
    path = tmp_path / "file"
    path.write_bytes(said.content)
    found = read_file(name, path)
    assert (found.corpus, [len(task.answers) for task in found.tasks]) == ("licences", [1, 1, 0, 0])


def test_others_and_other_batches_get_nothing(page):
    for role in ("annotator", "reviewer"):
        assert page.of("eve", role).get(PLACE, params={"format": "jsonl"}).status_code == 403
    admin = page.of("root", "admin")
    assert admin.get(PLACE).status_code == 422
    assert admin.get(PLACE, params={"format": "../../etc/passwd"}).status_code == 422
    assert admin.get("/api/v1/batches/b2/export", params={"format": "jsonl"}).status_code == 404
    assert page.client().get(PLACE, params={"format": "jsonl"}).status_code == 401


def test_a_batch_of_a_corpus_that_is_not_on_the_page_is_not_there(page):
    from review_page import Page

    other = Page(page.queue, licences_on_page(name="other"))
    said = other.of("root", "admin").get(PLACE, params={"format": "jsonl"})
    assert (said.status_code, json.loads(said.text)["error"]) == (404, "there is no review batch 'b1' here")
