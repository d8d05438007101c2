import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_engine.errors import StorageError
from data_engine.errors.secret_texts import (
    harmless,
    keep_options_secret,
    keep_secret,
    keep_url_secret,
    without_secrets,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://maria:pw@host/x.jsonl", "http://***@host/x.jsonl"),
        ("https://host/x?token=abc&y=1#part", "https://host/x?***"),
        ("s3://bucket/folder and more", "s3://bucket/folder and more"),
        ("zip://a.csv::https://u:p@h/x?y=1", "zip://a.csv::https://***@h/x?***"),
        ("postgresql://u:p/w@host/db", "postgresql://***@host/db"),
        ("https://host/@scope/file", "https://host/@scope/file"),
        ("http://host:8080/x@y", "http://host:8080/x@y"),
        ("url='http://a:b@c/d', 403", "url='http://***@c/d', 403"),
        ("no URL at all", "no URL at all"),
    ],
)
def test_a_url_in_a_text_is_shown_without_user_query_and_fragment(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
    assert without_secrets(shown) == shown


def test_what_is_secret_in_a_url_is_hidden_outside_it_too() -> None:
    keep_url_secret("http://maria:open-sesame@host/x?token=tok123456&plain")
    assert without_secrets("login open-sesame failed, token tok123456") == "login *** failed, token ***"


def test_storage_options_are_hidden_by_their_values_and_never_by_those_of_harmless_urls() -> None:
    keep_options_secret({"client": {"headers": ["Bearer abcdefgh"]}, "endpoint_url": "http://host:9000", "anon": True})
    assert without_secrets("abcdefgh at http://host:9000: True") == "*** at http://host:9000: True"


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=6))
def test_no_form_of_a_secret_is_shown(secret: str) -> None:
    keep_secret(secret)
    coded = base64.b64encode(secret.encode()).decode()
    said = without_secrets(f"<{secret}> <{quote(secret, safe='')}> <{coded}>")
    assert secret not in said.replace("***", "")
    assert coded not in said


def test_a_cause_is_harmless_where_neither_it_nor_its_own_causes_hold_a_secret() -> None:
    plain, url = OSError("no route"), ValueError("http://a:b@c")
    assert harmless(plain) is plain
    plain.__cause__ = url
    assert harmless(plain) is None


def test_errors_of_the_engine_hide_secrets_in_their_message() -> None:
    assert str(StorageError("lost http://a:b@c/d?e")) == "lost http://***@c/d?***"


def test_an_error_that_is_its_own_cause_is_looked_at_once() -> None:
    first, second = ValueError("nothing of note"), ValueError("neither here")
    first.__cause__, second.__cause__ = second, first
    assert harmless(first) is first
