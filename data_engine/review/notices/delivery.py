"""Sending what is due, for a limited time: a server that hangs holds up nothing but its own notice.

The channels are in `webhook.py` and `mail.py`.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from data_engine.review.notices.channels import Channel, DeliveryFailed
from data_engine.review.notices.notice_queue import NoticeQueue
from data_engine.review.notices.outbox import Notice

LONGEST_ATTEMPT_S = 15.0
"""An attempt that takes longer has failed, however slowly the server goes on."""


@dataclass(frozen=True)
class Delivered:
    """What became of one round of sending."""

    n_sent: int
    n_failed: int


def deliver_due(
    queue: NoticeQueue,
    corpus: str,
    channels: Mapping[str, Channel],
    *,
    clock: Callable[[], datetime],
    for_s: float,
    attempt_s: float = LONGEST_ATTEMPT_S,
) -> Delivered:
    """Send the notices that are due, one after the other, until none is or the time is over.

    Args:
        queue: Holds the outbox.
        corpus: Whose notices.
        channels: By name; notices of others wait.
        clock: The time of now, in UTC.
        for_s: No attempt begins after so many seconds.
        attempt_s: Seconds of one attempt.
    """
    began, n_sent, n_failed = clock(), 0, 0
    while (clock() - began).total_seconds() < for_s:
        due = queue.claim(corpus, channels=list(channels), now=clock())
        if due is None:
            break
        try:
            remark = _sent_within(attempt_s, channels[due.channel], due, at_unix_s=int(clock().timestamp()))
        except DeliveryFailed as error:
            queue.mark_failed(due, str(error), now=clock())
            n_failed += 1
        else:
            queue.mark_sent(due, remark=remark, now=clock())
            n_sent += 1
    return Delivered(n_sent, n_failed)


def _sent_within(seconds: float, channel: Channel, notice: Notice, *, at_unix_s: int) -> str | None:
    """What the channel remarks. Raises: DeliveryFailed, also when it takes longer."""
    found: list[str | None] = []
    failed: list[Exception] = []

    def send() -> None:
        try:
            found.append(channel.send(notice, at_unix_s=at_unix_s))
        except DeliveryFailed as error:
            failed.append(error)
        except Exception as error:
            # Whatever goes wrong in one channel, the others are served, and the notice is tried again.
            failed.append(DeliveryFailed(f"{type(error).__name__}"))

    # A time-out of a socket counts from byte to byte, so a server that trickles could hold it for hours.
    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    if not found:
        raise DeliveryFailed(f"the server took longer than {seconds:g} s")
    return found[0]
