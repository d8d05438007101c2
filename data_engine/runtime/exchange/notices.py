"""Notices of a corpus' review batches: the channels that its YAML names, and sending what is due.

No run sends anything: this is called by a sensor and by `data-engine review notices`.
"""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from data_engine.errors import InvalidInput
from data_engine.errors.secret_texts import keep_secret
from data_engine.runtime.corpus_runtime import CorpusRuntime

if TYPE_CHECKING:
    from data_engine.corpus.notices import EmailNotices, Notices
    from data_engine.review.notices.channels import Channel
    from data_engine.review.notices.delivery import Delivered
    from data_engine.review.notices.notice_queue import NoticeQueue
    from data_engine.review.notices.outbox import Notice

#: A tick of a sensor lasts at most a minute; an attempt that begins at the end of this may take a quarter of one.
_FOR_S = 20.0


def send_notices(runtime: CorpusRuntime, *, for_s: float = _FOR_S) -> "Delivered":
    """Note what has happened to the review batches of a corpus, and send what is due.

    Args:
        runtime: The corpus.
        for_s: No attempt begins after so many seconds.

    Raises: InvalidInput where its YAML names nobody to tell.
    """
    from data_engine.review.notices.delivery import deliver_due

    notices = _notices_of(runtime)
    channels = channels_of(notices)
    with _queue(runtime) as queue:
        queue.note_events(
            runtime.corpus.name,
            channels=list(channels),
            events=notices.events,
            waiting=timedelta(hours=notices.waiting_h),
            page=notices.page,
            now=_now(),
        )
        return deliver_due(queue, runtime.corpus.name, channels, clock=_now, for_s=for_s)


def retry_notices(runtime: CorpusRuntime) -> int:
    """Let every notice of a corpus that is not sent be tried at once; how many there are."""
    _notices_of(runtime)
    with _queue(runtime) as queue:
        return queue.try_again(runtime.corpus.name, now=_now())


def listed_notices(runtime: CorpusRuntime) -> "list[Notice]":
    """The notices of a corpus, the oldest first."""
    with _queue(runtime) as queue:
        return queue.notices(runtime.corpus.name)


def channels_of(notices: "Notices") -> "Mapping[str, Channel]":
    """The channels by name, with what the environment says; one that lacks something there says so when it sends."""
    from data_engine.review.notices.channels import BrokenChannel
    from data_engine.review.notices.webhook import Webhook

    found: dict[str, Channel] = {}
    if notices.webhook is not None:
        try:
            url, secret = _variable(notices.webhook.url_variable), _variable(notices.webhook.secret_variable)
            found["webhook"] = Webhook(url, secret)
        except InvalidInput as error:
            found["webhook"] = BrokenChannel("webhook", str(error))
    if notices.email is not None:
        try:
            found["email"] = _mail(notices.email)
        except InvalidInput as error:
            found["email"] = BrokenChannel("email", str(error))
    return found


def _mail(email: "EmailNotices") -> "Channel":
    from data_engine.review.notices.mail import Mail

    login = None
    if email.user_variable is not None:
        if email.security == "none":
            raise InvalidInput("security is none and a login is given, which would be readable; use starttls or tls")
        if email.password_variable is None:
            raise InvalidInput("user_variable is given without password_variable; give both")
        login = _variable(email.user_variable), _variable(email.password_variable)
        keep_secret(login[1])
    return Mail(email.to, email.sender, email.host, email.port, email.security, login)


def _variable(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise InvalidInput(f"the variable {name} of the environment is not set; set it where the daemon is started")
    return value


def _notices_of(runtime: CorpusRuntime) -> "Notices":
    found = runtime.corpus.review.notices
    if found is None or (found.webhook is None and found.email is None):
        raise InvalidInput(
            f"corpus {runtime.corpus.name} tells nobody; add review.notices with a webhook or email to its defs.yaml"
        )
    return found


def _queue(runtime: CorpusRuntime) -> "NoticeQueue":
    from data_engine.review.notices.notice_queue import NoticeQueue

    return NoticeQueue(runtime.queue_url)


def _now() -> datetime:
    return datetime.now(UTC)
