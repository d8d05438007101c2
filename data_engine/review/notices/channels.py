"""The channels of notices: each sends one notice, or says why it could not.

Whose turn it is, and what is tried again, is in `outbox.py` and `delivery.py`.
"""

from typing import Protocol

from data_engine.review.notices.outbox import Notice


class DeliveryFailed(Exception):
    """An attempt came to nothing; the text says why, and holds no secret."""


class Channel(Protocol):
    """A way to send notices."""

    @property
    def name(self) -> str:
        """`webhook` or `email`, as the outbox has it."""

    def send(self, notice: Notice, *, at_unix_s: int) -> str | None:
        """Send a notice once.

        Returns: a remark that is kept with it, such as an address that was refused while others were not.
        Raises: DeliveryFailed.
        """


class BrokenChannel:
    """A channel that cannot send, and why: a variable of the environment that is not set."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        self._why = why

    def send(self, notice: Notice, *, at_unix_s: int) -> str | None:  # noqa: ARG002
        """Raises: DeliveryFailed."""
        raise DeliveryFailed(self._why)
