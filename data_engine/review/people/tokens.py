"""Tokens: who may open the review page and what they may do there; of a token only a hash is kept.

What is done with them is recorded in `actions.py`.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from data_engine.errors import InvalidInput
from data_engine.review.queue_records import check_annotator
from data_engine.review.queue_tables import token as tokens

ROLES = ("annotator", "reviewer", "admin")
"""Annotators answer, reviewers also see everybody's answers and decide, admins also see tokens and the audit."""

LONGEST_DAYS = 366
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Person:
    """Who holds a token that opens the page; at the terminal of the machine itself there is none."""

    annotator: str
    role: str
    token_id: str | None

    def may(self, role: str) -> bool:
        """Whether the role of this person includes another."""
        return ROLES.index(self.role) >= ROLES.index(role)


@dataclass(frozen=True)
class TokenInfo:
    """A token as it is listed: everything but the token."""

    token_id: str
    annotator: str
    role: str
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


def insert_token(
    connection: Connection, annotator: str, role: str, *, lasts: timedelta, now: datetime
) -> tuple[str, TokenInfo]:
    """A new token for a person: the token itself, which is shown this once, and what is kept of it.

    Raises: InvalidInput for the name of a simulated annotator, an unknown role, or a time outside a year.
    """
    check_annotator(annotator, is_simulated=False)
    if len(annotator) > _LONGEST_NAME or not annotator.isprintable():
        raise InvalidInput(
            f"annotator is {annotator[:_LONGEST_NAME]!r}; a name has at most {_LONGEST_NAME} characters, all printable"
        )
    if role not in ROLES:
        raise InvalidInput(f"role is {role!r}; it must be one of {', '.join(ROLES)}")
    if not timedelta(0) < lasts <= timedelta(days=LONGEST_DAYS):
        raise InvalidInput(f"the token is to last {lasts}; it lasts more than nothing and at most {LONGEST_DAYS} days")
    secret = secrets.token_urlsafe(32)
    row = {
        "token_id": secrets.token_hex(4),
        "token_hash": _hash(secret),
        "annotator": annotator,
        "role": role,
        "created_at": now,
        "expires_at": now + lasts,
    }
    connection.execute(sa.insert(tokens), row)
    return secret, _info(connection.execute(sa.select(tokens).where(tokens.c.token_id == row["token_id"])).one())


def find_person(connection: Connection, secret: str, *, now: datetime) -> Person | None:
    """Who holds a token; None when it is unknown, revoked or too old."""
    query = sa.select(tokens).where(tokens.c.token_hash == _hash(secret), tokens.c.revoked_at.is_(None))
    row = connection.execute(query.where(tokens.c.expires_at > now)).first()
    return None if row is None else Person(row.annotator, row.role, row.token_id)


def set_revoked(connection: Connection, token_id: str, *, now: datetime) -> TokenInfo:
    """A token that opens nothing from now on; one that was revoked before stays as it is.

    Raises: InvalidInput for an unknown token.
    """
    is_this = tokens.c.token_id == token_id
    if connection.execute(sa.select(tokens).where(is_this)).first() is None:
        known = ", ".join(info.token_id for info in read_tokens(connection)[-3:]) or "none"
        raise InvalidInput(f"there is no token {token_id!r}; the latest are: {known}")
    connection.execute(sa.update(tokens).where(is_this, tokens.c.revoked_at.is_(None)).values(revoked_at=now))
    return _info(connection.execute(sa.select(tokens).where(is_this)).one())


def read_tokens(connection: Connection) -> list[TokenInfo]:
    """All tokens, the oldest first."""
    found = connection.execute(sa.select(tokens).order_by(tokens.c.created_at, tokens.c.token_id))
    return [_info(row) for row in found]


def _info(row: Row[tuple[object, ...]]) -> TokenInfo:
    return TokenInfo(row.token_id, row.annotator, row.role, row.created_at, row.expires_at, row.revoked_at)


def _hash(secret: str) -> str:
    # A token has 256 random bits, so a slow hash would protect nothing more.
    return hashlib.sha256(secret.encode()).hexdigest()
