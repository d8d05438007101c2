"""Webhooks: a notice as a POST with a signature, to one address and to no other that this redirects to.

E-mail is in `mail.py`.
"""

import hashlib
import hmac
import logging

import httpx

from data_engine.errors import InvalidInput
from data_engine.errors.secret_texts import HIDDEN, keep_secret, keep_url_secret, without_secrets
from data_engine.review.notices.channels import DeliveryFailed
from data_engine.review.notices.outbox import Notice

LEAST_SECRET = 16
"""Characters of the key of signatures."""

_TIMEOUT_S = 10.0
# It writes every address that is asked, and the address of a webhook may be a secret.
logging.getLogger("httpx").setLevel(logging.WARNING)


class Webhook:
    """Sends notices to a URL.

    Args:
        url: http or https; never shown.
        secret: Key of the signatures; never shown.

    Raises: InvalidInput for another scheme, no host, user info in the URL, or a short secret.
    """

    name = "webhook"

    def __init__(self, url: str, secret: str) -> None:
        keep_secret(url, secret)
        keep_url_secret(url)
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            raise InvalidInput("the address of the webhook is no URL; write https://host/path") from None
        if parsed.scheme not in ("http", "https") or not parsed.host or parsed.userinfo:
            raise InvalidInput("the address of the webhook must be http or https with a host and without a login")
        if len(secret) < LEAST_SECRET:
            raise InvalidInput(f"the secret of the webhook has {len(secret)} characters; give at least {LEAST_SECRET}")
        self._url, self._secret = parsed, secret

    def send(self, notice: Notice, *, at_unix_s: int) -> str | None:
        """POST the notice; any status from 200 to 299 has arrived, and its body is not read. Raises: DeliveryFailed."""
        body = notice.body.encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "data-engine",
            "X-Data-Engine-Delivery": notice.delivery_id,
            "X-Data-Engine-Timestamp": str(at_unix_s),
            "X-Data-Engine-Signature": f"sha256={signature(self._secret, at_unix_s, body)}",
        }
        try:
            with (
                httpx.Client(follow_redirects=False, timeout=_TIMEOUT_S) as client,
                client.stream("POST", self._url, content=body, headers=headers) as answer,
            ):
                status = answer.status_code
        except httpx.HTTPError as error:
            said = without_secrets(str(error)).replace(str(self._url), HIDDEN)
            raise DeliveryFailed(f"{type(error).__name__}: {said}") from None
        if 300 <= status < 400:
            raise DeliveryFailed(f"the server answered {status}, and redirects are not followed; correct the address")
        if not 200 <= status < 300:
            raise DeliveryFailed(f"the server answered {status}")
        return None


def signature(secret: str, at_unix_s: int, body: bytes) -> str:
    """HMAC-SHA256 over `timestamp.body` in hex: whoever has the secret can tell that the notice is ours and how old."""
    return hmac.new(secret.encode(), str(at_unix_s).encode() + b"." + body, hashlib.sha256).hexdigest()
