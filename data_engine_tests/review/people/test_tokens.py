"""Tokens: shown once, kept as a hash, for people only, over when they are too old or revoked."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from review_people import NOON, at

from data_engine.errors import InvalidInput

_DAY = timedelta(days=1)


def test_a_token_opens_the_page_for_its_person_until_it_is_too_old_or_revoked(queue):
    secret, info = queue.create_token("ada", "reviewer", lasts=_DAY, now=NOON)
    found = queue.person_of(secret, now=at(60))
    assert (found.annotator, found.role, found.token_id) == ("ada", "reviewer", info.token_id)
    assert queue.person_of(secret, now=NOON + _DAY) is None
    assert queue.person_of(secret[:-1], now=at(60)) is None
    assert queue.person_of("", now=at(60)) is None
    assert queue.revoke_token(info.token_id, now=at(120)).revoked_at == at(120)
    assert queue.revoke_token(info.token_id, now=at(180)).revoked_at == at(120)
    assert queue.person_of(secret, now=at(130)) is None


def test_the_database_holds_no_token(queue, tmp_path):
    secret, _ = queue.create_token("ada", "admin", lasts=_DAY, now=NOON)
    assert len(secret) >= 43
    with closing(sqlite3.connect(tmp_path / "review.db")) as database:
        assert not [line for line in database.iterdump() if secret in line]


@pytest.mark.parametrize(
    ("name", "role", "lasts", "says"),
    [
        ("simulated:ada", "annotator", _DAY, "'simulated:ada' is not said to be simulated"),
        (" ", "annotator", _DAY, "give a name"),
        ("a\nb", "annotator", _DAY, "all printable"),
        ("x" * 101, "annotator", _DAY, "at most 100 characters"),
        ("ada", "owner", _DAY, "role is 'owner'; it must be one of annotator, reviewer, admin"),
        ("ada", "admin", timedelta(0), "lasts more than nothing"),
        ("ada", "admin", timedelta(days=367), "at most 366 days"),
    ],
)
def test_a_token_is_for_a_person_with_a_role_and_for_a_time(queue, name, role, lasts, says):
    with pytest.raises(InvalidInput, match=says):
        queue.create_token(name, role, lasts=lasts, now=NOON)
    assert queue.tokens() == []


def test_an_unknown_token_is_named_with_those_there_are(queue):
    _, info = queue.create_token("ada", "admin", lasts=_DAY, now=NOON)
    with pytest.raises(InvalidInput, match=f"there is no token 'nil'; the latest are: {info.token_id}"):
        queue.revoke_token("nil", now=NOON)


def test_a_role_includes_the_lesser_ones(queue):
    secret, _ = queue.create_token("ada", "reviewer", lasts=_DAY, now=NOON)
    found = queue.person_of(secret, now=at(1))
    assert [found.may(role) for role in ("annotator", "reviewer", "admin")] == [True, True, False]
