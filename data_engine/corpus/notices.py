"""The block `review.notices` of a corpus' YAML: who is told that a review batch opens, waits too long or is answered.

Secrets are never written here: fields that end in `_variable` name variables of the environment.
"""

from typing import Annotated, Literal

from pydantic import Field

from data_engine.settings import Settings

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
Address = Annotated[str, Field(pattern=r"^[^@\s,;<>\"\\]+@[^@\s,;<>\"\\]+$", max_length=254)]
"""An e-mail address, without a name before it."""

NoticeEvent = Literal["opened", "waiting", "answered"]
"""What notices are of: a review batch was opened and is not answered yet, waits too long, is answered."""


class WebhookNotices(Settings):
    """An address that is sent a signed POST."""

    url_variable: VariableName = "DATA_ENGINE_WEBHOOK_URL"
    """Variable of the environment with the address, http or https."""
    secret_variable: VariableName = "DATA_ENGINE_WEBHOOK_SECRET"
    """Variable of the environment with the key of the signature, at least 16 characters."""


class EmailNotices(Settings):
    """People who get an e-mail by SMTP."""

    to: tuple[Address, ...] = Field(min_length=1, max_length=50)
    """Whom."""
    sender: Address
    """From whom."""
    host: str = Field(min_length=1, max_length=255)
    """Name of the SMTP server."""
    port: int = Field(default=587, ge=1, le=65535)
    """Its port."""
    security: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is encrypted; without, nothing secret is sent, so no login either."""
    user_variable: VariableName | None = None
    """Variable of the environment with the name to log in with; no login without it."""
    password_variable: VariableName | None = None
    """Variable of the environment with its password."""


class Notices(Settings):
    """Who is told that a review batch opens, waits too long or is answered."""

    events: tuple[NoticeEvent, ...] = ("opened", "waiting", "answered")
    """What is told."""
    waiting_h: float = Field(default=24, gt=0, le=8760)
    """A review batch that is not answered is told about each time that so many hours have passed."""
    page: str | None = Field(default=None, pattern=r"^https?://[^\s]+$", max_length=500)
    """Address of the review page, as notices show it; never one with a token."""
    webhook: WebhookNotices | None = None
    """A webhook."""
    email: EmailNotices | None = None
    """E-mail."""
