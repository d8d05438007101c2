"""What a store behind a URL says when it cannot be used, in words that name what to set.

Errors of disks and of Delta are translated in `data_engine.storage`.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from data_engine.errors import DataEngineError, StorageError

_CREDENTIALS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in AWS_PROFILE, and give it again"

#: By what is in the error, the first that fits: what is wrong, and the remedy.
_SAID = (
    (
        ("Unable to locate credentials", "NoCredentials", "loading credentials", "loading default credentials"),
        ("there are no credentials", _CREDENTIALS),
    ),
    (
        ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "TokenRefreshRequired"),
        ("the credentials are wrong or have expired", _CREDENTIALS),
    ),
    (
        ("AccessDenied", "Forbidden", "403", "ACCESS_DENIED", "Access Denied"),
        (
            "these credentials may not do it",
            "let them list, read, write and delete below it (s3:ListBucket, s3:GetObject, s3:PutObject, "
            "s3:DeleteObject), or use others",
        ),
    ),
    (
        ("NoSuchBucket", "bucket does not exist", "NO_SUCH_BUCKET", "Not Found"),
        ("there is no such bucket", "create it, or mend DATA_ENGINE_DATA"),
    ),
    (
        ("connect to", "Connect timeout", "Read timeout", "NETWORK_CONNECTION", "error sending request", "resolve"),
        ("the store does not answer", "see that AWS_ENDPOINT_URL and AWS_REGION are right and the network is up"),
    ),
    (
        ("PermanentRedirect", "AuthorizationHeaderMalformed", "301"),
        ("the bucket is in another region", "set AWS_REGION to that of the bucket"),
    ),
)

#: The errors of a driver that are no OSErrors.
_DRIVERS = ("botocore.", "aiobotocore.", "aiohttp.")


def trouble(error: BaseException) -> tuple[str, str] | None:
    """What is wrong with a store and the remedy, by what an error or its cause says; None where that is not known."""
    causes = [error, error.__cause__, error.__context__]
    said = " ".join(f"{type(each).__name__} {each}" for each in causes if each is not None)
    return next((found for marks, found in _SAID if any(mark in said for mark in marks)), None)


def is_of_driver(error: BaseException) -> bool:
    """Whether the driver of a store raised an error of its own."""
    return type(error).__module__.startswith(_DRIVERS)


@contextmanager
def errors_of_store(doing: str, where: Path) -> Iterator[None]:
    """Run what asks a store something. Raises: StorageError with what is wrong and the remedy."""
    try:
        yield
    except DataEngineError:
        raise
    except Exception as error:
        if not isinstance(error, OSError) and not is_of_driver(error):
            raise
        raise StorageError(f"{doing} failed at {where}: {said_of(error)}; nothing was changed") from error


def said_of(error: BaseException) -> str:
    """What is wrong with a store and the remedy, and the first words of the error itself."""
    # The query of a request says nothing to people, and may hold what is secret.
    first = re.sub(r"\?[^\s\"']*", "", str(error).strip().split("\n", 1)[0])[:200] or type(error).__name__
    found = trouble(error)
    return f"{found[0]} ({first}); {found[1]}" if found else first
