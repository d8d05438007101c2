"""Access: the person of a request, by its bearer token, and how often wrong tokens are tried.

The tokens are kept in `review/people/tokens.py`.
"""

import hashlib
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request

from data_engine.review.people.person_queue import PersonQueue
from data_engine.review.people.tokens import Person

MOST_WRONG = 10
"""Wrong tokens from one address within `WITHIN`; then only tokens that were right before are looked at."""

WITHIN = timedelta(minutes=1)
_MOST_ADDRESSES, _MOST_KNOWN = 10_000, 10_000
_LONGEST_TOKEN = 200


class WrongTokens:
    """Counts wrong tokens by address, so that nobody can try many and nobody at work is locked out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._right: OrderedDict[str, None] = OrderedDict()

    def may_try(self, address: str, secret: str, *, now: datetime) -> bool:
        """Whether a token is looked at: always one that was right before, another only after few wrong ones."""
        with self._lock:
            if _digest(secret) in self._right:
                return True
            times = self._wrong.get(address, deque())
            while times and times[0] <= now - WITHIN:
                times.popleft()
            return len(times) < MOST_WRONG

    def note(self, address: str, secret: str, *, is_right: bool, now: datetime) -> None:
        """Remember how a token was."""
        with self._lock:
            if is_right:
                self._right[_digest(secret)] = None
                if len(self._right) > _MOST_KNOWN:
                    self._right.popitem(last=False)
                return
            self._right.pop(_digest(secret), None)
            self._wrong.setdefault(address, deque(maxlen=MOST_WRONG)).append(now)
            self._wrong.move_to_end(address)
            if len(self._wrong) > _MOST_ADDRESSES:
                self._wrong.popitem(last=False)


def person_of_request(queue: PersonQueue, clock: Callable[[], datetime]) -> Callable[[Request], Person]:
    """A function from a request to the person of its token; it raises 401 without a right one, 429 after many wrong."""
    wrong = WrongTokens()

    def person(request: Request) -> Person:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(secret) <= _LONGEST_TOKEN:
            raise HTTPException(401, "open this page by its link, which ends in the token")
        address, now = request.client.host if request.client else "", clock()
        if not wrong.may_try(address, secret, now=now):
            raise HTTPException(429, "too many wrong tokens; wait a minute", {"Retry-After": "60"})
        found = queue.person_of(secret, now=now)
        wrong.note(address, secret, is_right=found is not None, now=now)
        if found is None:
            raise HTTPException(401, "this link is too old or was revoked; ask for a new one")
        return found

    return person


def asked_by(request: Request) -> Person:
    """The person of a request, as the application's own function finds them."""
    found: Person = request.app.state.person(request)
    return found


def _at_least(role: str) -> Any:
    def checked(person: Annotated[Person, Depends(asked_by)]) -> Person:
        if not person.may(role):
            raise HTTPException(403, f"this is for the role {role}; yours is {person.role}")
        return person

    return Depends(checked)


Anybody = Annotated[Person, Depends(asked_by)]
Reviewer = Annotated[Person, _at_least("reviewer")]
Admin = Annotated[Person, _at_least("admin")]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
