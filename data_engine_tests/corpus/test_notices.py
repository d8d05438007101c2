"""The block `review.notices`."""

import pytest
from pydantic import ValidationError
from small_project import notes_corpus

from data_engine.corpus import Corpus
from data_engine.corpus.notices import EmailNotices, Notices, WebhookNotices


def test_nobody_is_told_unless_somebody_is_named():
    assert Corpus.model_validate(notes_corpus("source")).review.notices is None


def test_a_secret_itself_is_no_name_of_a_variable_and_is_not_shown():
    with pytest.raises(ValidationError) as refused:
        WebhookNotices(secret_variable="s3cret-value!")
    assert "s3cret" not in str(refused.value)
    with pytest.raises(ValidationError):
        WebhookNotices(url_variable="https://hooks.example/x")


@pytest.mark.parametrize("address", ["ada", "a@b\nBcc: c@d", "Ada <a@b>", "a@b,c@d"])
def test_an_address_is_one_address(address):
    with pytest.raises(ValidationError):
        EmailNotices(to=(address,), sender="a@b", host="h")
    with pytest.raises(ValidationError):
        EmailNotices(to=("a@b",), sender=address, host="h")


def test_the_address_of_the_page_is_of_the_web():
    with pytest.raises(ValidationError):
        Notices(page="javascript:alert(1)")
    assert Notices(page="https://review.example").events == ("opened", "waiting", "answered")
