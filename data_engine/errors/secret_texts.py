"""Secrets in texts: which values are secret, and texts without them.

Errors hide them in their messages, see the package itself; errors of others are met in `boundary.py`.
"""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"
"""What stands in a text in the place of a secret."""

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<rest>(?:(?!::)[^\s\"'<>`])*)")
_LEAST_CHARACTERS = 6
_SECRETS: set[str] = set()


def keep_secret(*values: str) -> None:
    """Hide these values, and the forms in which URLs and headers have them, in all texts of this process from now on.

    Very short ones are part of too many words to be hidden.
    """
    for value in values:
        for plain in {value, unquote(value)}:
            coded = base64.b64encode(plain.encode()).decode()
            _SECRETS.update(
                form
                for form in (plain, quote(plain, safe=""), quote_plus(plain), coded, coded.rstrip("="))
                if len(form) >= _LEAST_CHARACTERS
            )


def keep_url_secret(url: str) -> None:
    """Hide user info, query and fragment of every URL in a text, also where they stand outside it."""
    for match in _URL.finditer(url):
        user_info, _, query = _parts(match["rest"])
        keep_secret(*(part for part in (user_info, user_info.partition(":")[2]) if part))
        values = (entry.partition("=")[2] for entry in re.split("[&#;?]", query))
        keep_secret(*(value for value in (query, *values) if value))


def keep_options_secret(options: object) -> None:
    """Hide every text in the storage options of a source; of URLs among them what is secret in URLs."""
    for value in _texts(options):
        if _URL.match(value):
            keep_url_secret(value)
        else:
            keep_secret(value, *(word for word in value.split() if len(word) > _LEAST_CHARACTERS))


def without_secrets(text: str) -> str:
    """A text to be shown or kept: URLs without user info, query and fragment, and no value that is to be hidden."""
    shown = _URL.sub(_shown_url, text) if "://" in text else text
    for secret in sorted(_SECRETS, key=len, reverse=True):
        shown = shown.replace(secret, HIDDEN)
    return shown


def harmless(error: BaseException) -> BaseException | None:
    """The error as a cause for another; None where its text, or that of its own causes, holds a secret."""
    cause: BaseException | None = error
    met: set[int] = set()
    while cause is not None and id(cause) not in met:
        met.add(id(cause))
        texts = (str(cause), repr(cause))
        if any(without_secrets(text) != text for text in texts):
            return None
        cause = cause.__cause__ or cause.__context__
    return error


def _shown_url(match: re.Match[str]) -> str:
    user_info, place, query = _parts(match["rest"])
    return match["scheme"] + (f"{HIDDEN}@" if user_info else "") + place + (f"?{HIDDEN}" if query else "")


def _parts(rest: str) -> tuple[str, str, str]:
    """User info, place, and query with fragment of a URL without its scheme."""
    # A password may hold any character; what follows the last @ of the authority is the host.
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    if "@" not in authority and ":" in authority and not authority.rpartition(":")[2].isdigit() and "@" in rest:
        authority = rest[: rest.rindex("@") + 1]
    user_info = authority.rpartition("@")[0]
    place = rest[len(user_info) + 1 :] if user_info else rest.removeprefix("@")
    kept = re.split("[?#]", place, maxsplit=1)[0]
    return user_info, kept, place[len(kept) + 1 :]


def _texts(options: object) -> Iterator[str]:
    if isinstance(options, str):
        yield options
    elif isinstance(options, Mapping):
        for value in options.values():
            yield from _texts(value)
    elif isinstance(options, Sequence) and not isinstance(options, bytes):
        for value in options:
            yield from _texts(value)
