"""Personal data in texts: e-mail addresses, phone numbers, keys and tokens; counted or masked.

The rules that count them are in `text_rules.py`; releases mask them. Written to miss little that is plain, and to leave
versions, dates, hashes of files and article numbers alone. It finds forms, not meaning: no name and no street is found.
"""

import re
from collections.abc import Iterator
from typing import Literal

from data_engine.filtering.rules.document import Document

Kind = Literal["email", "phone", "secret"]
KINDS: tuple[Kind, ...] = ("email", "phone", "secret")

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}\b", re.IGNORECASE)
# With a country code, or in the groups of a national number: (030) 123 45 67, 020 7946 0958, 030 12345678,
# 01 23 45 67 89 (but no longer row of pairs), 555-123-4567.
_PHONE = re.compile(
    r"(?<![\w.+/#=-])(?:"
    r"\+[1-9]\d{0,2}(?:[ .\-]?\(?\d{1,4}\)?){2,5}"
    r"|\(\d{2,5}\)[ \-.]?\d{3,4}(?:[ \-]?\d{2,4}){1,2}"
    r"|0\d{1,4}[ \-]\d{3,4}[ \-]\d{3,4}"
    r"|0[1-9]\d{1,3}[ \-/]\d{6,8}"
    r"|(?<!\d[ .\-])0[1-9](?P<gap>[ .\-])\d{2}(?:(?P=gap)\d{2}){3}(?!(?P=gap)\d)"
    r"|[2-9]\d{2}(?:[\-. ][2-9]\d{2}[\-. ]|-\d{3}-|\.\d{3}\.)\d{4}"
    r")(?![\w/-]|\.\d)"
)
# Names under which secrets are written, in a file of settings or in a sentence. Words follow a colon in sentences too
# ("the secret: everyone knows"), so there a digit or a sign has to be among them; within quotes, or right after `=`,
# none has to.
_GIVEN = (
    r"(?<![^\W_])(?:(?:api|access|private)[_-]?key|secret|token|passw(?:or)?d)(?:[_-][a-z0-9]{1,20}){0,3}[\"']?"
    r"(?:[ \t]{0,8}[:=][ \t]{0,8}[\"'][^\s\"',;]{6,}(?=[\"'])"
    r"|=[^\s\"',;]{8,}"
    r"|[ \t]{0,8}[:=][ \t]{0,8}(?=[^\s\"',;]{0,64}?[\d@#$%^&*])[^\s\"',;]{6,})"
)
# No part may run over the beginning of another secret, or a text full of beginnings takes quadratic time.
_SECRET = re.compile(
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?:[^-]*(?:-(?!----)[^-]*)*-----END [A-Z ]{0,40}PRIVATE KEY-----)?"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_\w{22,}\b|\bglpat-[\w-]{20,}"
    r"|\bsk-(?=[A-Z_-]{0,64}\d)[A-Za-z0-9_-]{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bAIza[\w-]{35}\b"
    r"|(?<![\w-])eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}"
    r"|\bbearer (?=[^\s\d]{0,64}\d)[\w.~+/=-]{20,}"
    rf"|{_GIVEN}",
    re.IGNORECASE,
)
_PATTERNS: dict[Kind, re.Pattern[str]] = {"email": _EMAIL, "phone": _PHONE, "secret": _SECRET}
# A text without any of these cannot hold the thing; looking for them is much faster than the pattern.
_SECRET_HINTS = (
    "private key", "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "sk-", "xox",
    "aiza", "eyj", "bearer ", "key", "secret", "token", "passw",
)  # fmt: skip
_PHONE_HINT = re.compile(r"\d[ .\-()]{0,2}\d[ .\-()]{0,2}\d")


def count(kind: Kind, text: str) -> int:
    """Number of things of a kind in a text."""
    return sum(1 for _ in _found(kind, text))


def count_in(document: Document, kind: Kind) -> int:
    """Number of things of a kind in a document."""
    return count(kind, document.text)


def mask(text: str) -> tuple[str, dict[Kind, int]]:
    """The text with `<email>`, `<phone>` and `<secret>` in place of what is found.

    Masking twice changes nothing more. Returns: the text, and how many of each kind were masked.
    """
    counts: dict[Kind, int] = {}
    # Secrets first: a key may hold digits that look like a phone number.
    for kind in reversed(KINDS):
        pieces, end = [], 0
        for match in _found(kind, text):
            pieces += [text[end : match.start()], f"<{kind}>"]
            end = match.end()
        if pieces:
            counts[kind] = len(pieces) // 2
            text = "".join([*pieces, text[end:]])
    return text, counts


def _found(kind: Kind, text: str) -> Iterator[re.Match[str]]:
    if kind == "email" and "@" not in text:
        return iter(())
    if kind == "phone" and not _PHONE_HINT.search(text):
        return iter(())
    if kind == "secret":
        lower = text.lower()
        if not any(hint in lower for hint in _SECRET_HINTS):
            return iter(())
    return _PATTERNS[kind].finditer(text)
