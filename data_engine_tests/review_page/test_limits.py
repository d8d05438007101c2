"""Hosts, sizes and headers of every request."""

import pytest

from data_engine.review_page.limits import MOST_BODY_BYTES

_ME, _NEXT = "/api/v1/me", "/api/v1/next"


@pytest.mark.parametrize("host", ["127.0.0.1:3001", "localhost", "LOCALHOST:99"])
def test_the_page_goes_by_its_own_names(page, host):
    assert page.of("ada").get(_ME, headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:3001", "", "[::1]:3001"])
def test_another_host_is_refused_before_anything_is_looked_at(page, host):
    for place in ("/", _ME):
        said = page.of("ada").get(place, headers={"host": host})
        assert (said.status_code, said.json()) == (400, {"error": "this page does not go by that host name"})


def test_a_large_body_is_refused_announced_or_not(page):
    ada = page.of("ada")
    assert ada.post(_NEXT, content=b"x" * (MOST_BODY_BYTES + 1)).status_code == 413
    assert ada.post(_NEXT, content=iter([b"x" * 40_000] * 2)).status_code == 413
    assert ada.post(_NEXT, content=b"{}", headers={"content-length": "-1"}).status_code == 413
    assert ada.post(_NEXT, content=b"{}", headers={"content-length": "9" * 5000}).status_code == 413


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"corpus": "\\ud800"}', b'{"corpus": 1}', b'{"corpus": NaN}',
        b'{"corpus": "licences", "n": 1e400}', b'{"corpus": "licences", "holding": ["../x"]}',
        b'{"corpus": "licences", "n": 61}', b'{"corpus": "licences", "more": 1}', b"[" * 20_000,
    ],
)  # fmt: skip
def test_a_malformed_body_is_an_error_of_the_client(page, body):
    said = page.of("ada").post(_NEXT, content=body, headers={"content-type": "application/json"})
    assert 400 <= said.status_code < 500
    assert said.json()["error"]


def test_every_answer_has_the_headers_that_keep_a_page_to_itself(page):
    for said in (page.client().get("/"), page.client().get("/nothing"), page.client().get("/", headers={"host": "x"})):
        policy = said.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy and "unsafe" not in policy
        assert said.headers["x-content-type-options"] == "nosniff"
        assert said.headers["referrer-policy"] == "no-referrer"
        assert said.headers["x-frame-options"] == "DENY"
        assert said.headers["cache-control"] == "no-store"
