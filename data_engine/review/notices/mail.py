"""E-mail: a notice as a short text by SMTP.

Webhooks are in `webhook.py`.
"""

import json
import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate

from data_engine.errors.secret_texts import without_secrets
from data_engine.review.notices.channels import DeliveryFailed
from data_engine.review.notices.outbox import Notice

_TIMEOUT_S = 10.0
_SUBJECTS = {
    "opened": "{n_tasks} questions wait for answers",
    "waiting": "{n_open} questions still wait for answers",
    "answered": "a review batch is answered",
}


@dataclass(frozen=True)
class Mail:
    """Sends notices to people.

    Attributes:
        to: Their addresses.
        sender: Address of the sender.
        host: SMTP server.
        port: Its port.
        security: `starttls`, `tls` or `none`.
        login: Name and password, where the server asks for them.
        tls: How the server's certificate is checked; as the system does by default.
    """

    to: Sequence[str]
    sender: str
    host: str
    port: int
    security: str
    login: tuple[str, str] | None = field(default=None, repr=False)
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    name: str = "email"

    def send(self, notice: Notice, *, at_unix_s: int) -> str | None:
        """Hand the e-mail to the server; it has arrived when the server took it for at least one address.

        Raises: DeliveryFailed.
        """
        message = self.message(notice, at_unix_s=at_unix_s)
        try:
            with self._connected() as server:
                if self.security == "starttls":
                    server.starttls(context=self._context())
                if self.login is not None:
                    server.login(*self.login)
                refused = server.send_message(message)
        except (smtplib.SMTPException, OSError) as error:
            # What a server says may be anything, the name or password among it.
            raise DeliveryFailed(f"{type(error).__name__}: {without_secrets(str(error))}") from None
        return f"the server refused {', '.join(sorted(refused))}" if refused else None

    def message(self, notice: Notice, *, at_unix_s: int) -> EmailMessage:
        """The e-mail of a notice; its Message-ID is the same at every attempt."""
        told = json.loads(notice.body)
        message = EmailMessage()
        message["From"], message["To"] = self.sender, ", ".join(self.to)
        message["Subject"] = f"[{notice.corpus}] {_SUBJECTS[notice.event].format_map(told)}"
        message["Date"] = formatdate(at_unix_s)
        message["Message-ID"] = f"<{notice.delivery_id}@{self.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        lines = [
            told["question"],
            "",
            f"review batch: {told['review_batch']}, opened {told['opened_at'][:16].replace('T', ' ')} UTC",
            f"answered: {told['n_done']:,} of {told['n_tasks']:,}",
            f"why: {told['cause']}",
            f"answer: {told['page']}" if told.get("page") else f"answer: data-engine review --corpus {notice.corpus}",
        ]
        message.set_content("\n".join(lines) + "\n")
        return message

    def _connected(self) -> smtplib.SMTP:
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port, timeout=_TIMEOUT_S, context=self._context())
        return smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_S)

    def _context(self) -> ssl.SSLContext:
        return self.tls or ssl.create_default_context()
