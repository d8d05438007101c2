"""Webhooks against a server that fails in every way."""

import logging

import pytest
from notice_servers import hook_server

from data_engine.errors import InvalidInput
from data_engine.review.notices import webhook
from data_engine.review.notices.channels import DeliveryFailed
from data_engine.review.notices.webhook import Webhook, signature

SECRET = "correct horse battery"


@pytest.fixture
def notice(outbox):
    outbox.open()
    outbox.note()
    return outbox.claim()


def test_a_notice_arrives_signed_with_its_time_and_id(notice):
    with hook_server() as hook:
        assert Webhook(f"{hook.url}/hooks/abcdef", SECRET).send(notice, at_unix_s=1_700_000_000) is None
    ((headers, body),) = hook.got
    assert body == notice.body.encode()
    assert (headers["x-data-engine-delivery"], headers["x-data-engine-timestamp"]) == (notice.delivery_id, "1700000000")
    assert hook.is_signed(SECRET)
    assert not hook.is_signed("another secret of theirs")


def test_the_signature_is_hmac_sha256_over_timestamp_and_body():
    # printf '1.{}' | openssl dgst -sha256 -hmac key
    assert signature("key", 1, b"{}") == "1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (500, "the server answered 500"),
        (404, "the server answered 404"),
        (302, "the server answered 302, and redirects are not followed"),
        ("cut", "RemoteProtocolError: "),
        ("hang", "ReadTimeout: "),
    ],
)
def test_an_attempt_that_fails_says_how_and_shows_neither_address_nor_secret(notice, monkeypatch, caplog, what, said):
    monkeypatch.setattr(webhook, "_TIMEOUT_S", 0.2)
    caplog.set_level(logging.DEBUG)
    with hook_server() as hook:
        hook.todo = [what]
        with pytest.raises(DeliveryFailed, match=f"^{said}") as failed:
            Webhook(f"{hook.url}/hooks/T0PSECRET?key=abcdefgh", SECRET).send(notice, at_unix_s=1)
        hook.may_end.set()
    assert len(hook.got) == 1
    for shown in (str(failed.value), caplog.text):
        assert "T0PSECRET" not in shown
        assert "abcdefgh" not in shown
        assert SECRET not in shown


def test_a_server_that_is_not_there_is_told(notice):
    with hook_server() as hook:
        url = hook.url
    with pytest.raises(DeliveryFailed, match="ConnectError: "):
        Webhook(url, SECRET).send(notice, at_unix_s=1)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://host/x",
        "gopher://host",
        "https://",
        "//host/x",
        "https://ada:pw1234@host/x",
        "http://[::1",
        "x",
    ],
)
def test_only_addresses_of_the_web_without_a_login_are_taken(url):
    with pytest.raises(InvalidInput, match="address of the webhook"):
        Webhook(url, SECRET)


def test_a_short_secret_is_refused_and_not_shown():
    with pytest.raises(InvalidInput, match="has 8 characters; give at least 16"):
        Webhook("https://host/x", "12345678")
