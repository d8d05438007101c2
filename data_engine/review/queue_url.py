"""The URL of the review queue: its parts, and how it is shown, which is without user, password and query.

Opening the database is in `queue_database.py`.
"""

import re

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from data_engine.errors import InvalidInput
from data_engine.errors.secret_texts import keep_secret


def parsed_url(url: str) -> URL:
    """The parts of the URL of a queue; what is secret in it is hidden in all errors from now on.

    Raises: InvalidInput for one that is none, of another kind, or in memory.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # The error and its cause may hold the URL as it was given.
        raise InvalidInput(
            f"the URL of the review queue is {_shown_text(url)!r}, which is no database URL; write "
            f"sqlite:////absolute/path.db, or postgresql+psycopg2://user:password@host/database"
        ) from None
    keep_secret(*(str(part) for part in (parsed.password, *_values(parsed)) if part))
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise InvalidInput(f"url is for {backend!r}; the review queue runs on sqlite and postgresql")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise InvalidInput(f"url is {url!r}, a database in memory; answers must outlive it: give a file path")
    return parsed


def shown_url(url: URL) -> str:
    """The URL without user, password and query."""
    return URL.create(url.drivername, host=url.host, port=url.port, database=url.database).render_as_string()


def _values(url: URL) -> list[str]:
    return [text for value in url.query.values() for text in ([value] if isinstance(value, str) else value)]


def _shown_text(url: str) -> str:
    """What begins a text that is no URL; all of it where nothing in it can be a password."""
    return url if not re.search("[:@?=]", url) else re.split("[:@?=/]", url, maxsplit=1)[0] + "..."
