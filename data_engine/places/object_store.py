"""How a bucket is reached: by Delta, by Arrow and by s3fs alike, from the same variables and with the same patience.

Whether it can take what is written at once by several hosts is found out before the first write.
"""

import os
import uuid
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

from data_engine.errors import StorageError
from data_engine.places.kinds import is_local
from data_engine.places.store_errors import errors_of_store

CONNECT_S, ANSWER_S, ATTEMPTS = 5, 60, 3
"""Seconds to connect and to wait for an answer, and how often something is tried."""

_REACHED: set[tuple[str, str]] = set()
_PROBED: set[tuple[str, str]] = set()


@dataclass(frozen=True)
class S3Settings:
    """Where the store is; the endpoint is empty for that of Amazon. Credentials stay with those who look them up."""

    endpoint: str
    region: str

    def for_s3fs(self) -> dict[str, Any]:
        """What s3fs needs; it must not keep listings, as other hosts write too."""
        return {
            **({"endpoint_url": self.endpoint} if self.endpoint else {}),
            "use_listings_cache": False,
            "client_kwargs": {"region_name": self.region},
            "config_kwargs": {
                "connect_timeout": CONNECT_S,
                "read_timeout": ANSWER_S,
                "retries": {"total_max_attempts": ATTEMPTS, "mode": "standard"},
            },
        }

    def for_delta(self) -> dict[str, str]:
        """What Delta needs. A commit is a put that fails where another made the version first, which is its default."""
        return {
            "AWS_REGION": self.region,
            **({"AWS_ENDPOINT_URL": self.endpoint} if self.endpoint else {}),
            **({"AWS_ALLOW_HTTP": "true"} if self.endpoint.startswith("http://") else {}),
            "connect_timeout": f"{CONNECT_S}s",
            "timeout": f"{ANSWER_S}s",
            "max_retries": str(ATTEMPTS),
            "retry_timeout": f"{ANSWER_S}s",
        }

    def for_arrow(self) -> dict[str, Any]:
        """What Arrow needs."""
        scheme, _, host = self.endpoint.rpartition("://")
        return {
            "region": self.region,
            **({"endpoint_override": host, "scheme": scheme or "https"} if self.endpoint else {}),
            "connect_timeout": CONNECT_S,
            "request_timeout": ANSWER_S,
        }


def s3_settings() -> S3Settings:
    """Endpoint and region as the variables of AWS say, each by either of its names."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or ""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return S3Settings(endpoint.rstrip("/"), region)


def delta_options(where: Path) -> dict[str, str] | None:
    """What Delta needs to reach a place; None on this host."""
    return None if is_local(where) else s3_settings().for_delta()


def arrow_filesystem(where: Path) -> Any:
    """Arrow's own file system with a place as its root, for scans that hold no lock of Python."""
    from pyarrow import fs

    if is_local(where):
        return fs.SubTreeFileSystem(str(where.absolute()), fs.LocalFileSystem())
    return fs.SubTreeFileSystem(str(cast(Any, where).path), _arrow_s3(s3_settings(), os.getpid()))


@lru_cache(maxsize=4)
def _arrow_s3(settings: S3Settings, _process: int) -> Any:
    from pyarrow import fs

    return fs.S3FileSystem(**settings.for_arrow(), retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=ATTEMPTS))


def reach(root: Path) -> None:
    """See that the store of a place answers and knows us, once in a process; nothing on this host.

    Raises: StorageError saying which of address, credentials, rights and bucket it is, and what to set.
    """
    if is_local(root) or _bucket_of(root) in _REACHED:
        return
    there = cast(Any, root)
    bucket, _, prefix = str(there.path).partition("/")
    with errors_of_store("opening the data folder", root):
        there.fs.call_s3("list_objects_v2", Bucket=bucket, Prefix=prefix, MaxKeys=1)
    _REACHED.add(_bucket_of(root))


def probe(folder: Path) -> None:
    """See, before the first write of a process, that the store refuses to make a file anew; nothing on this host.

    Raises: StorageError where it does not: of two commits at once one would be lost, and nobody told.
    """
    if is_local(folder) or _bucket_of(folder) in _PROBED:
        return
    reach(folder)
    file = cast(Any, folder / f"_probe-{uuid.uuid4().hex}")
    with errors_of_store("trying the data folder", folder):
        try:
            file.fs.pipe_file(file.path, b"1", mode="create")
            is_kept = _is_refused(file, mode="create") and _is_refused(file, IfMatch='"0"')
        finally:
            file.fs.rm_file(file.path)
    if not is_kept:
        raise StorageError(
            f"the store of {folder} ignores If-None-Match or If-Match: what two hosts write at once would be lost "
            f"without an error; use a store that keeps to them, as those of Amazon, MinIO and Ceph of today do, or a "
            f"folder of this host as DATA_ENGINE_DATA"
        )
    _PROBED.add(_bucket_of(folder))


def _is_refused(file: Any, **how: Any) -> bool:
    try:
        file.fs.pipe_file(file.path, b"2", **how)
    except OSError as error:
        if is_refusal(error):
            return True
        raise
    return False


def is_refusal(error: OSError) -> bool:
    """Whether a store refused a write because the file is there, or is another one by now."""
    code = str(getattr(error.__cause__, "response", {}).get("Error", {}).get("Code", ""))
    return isinstance(error, FileExistsError) or code in ("PreconditionFailed", "ConditionalRequestConflict", "412")


def entries_from(folder: Path, name: str) -> dict[str, str]:
    """The first files of a folder behind a URL whose names begin with a name or come after it, with their ETags."""
    there = cast(Any, folder)
    bucket, _, prefix = str(there.path).partition("/")
    found = there.fs.call_s3(
        "list_objects_v2", Bucket=bucket, Prefix=f"{prefix}/", StartAfter=f"{prefix}/{name}", MaxKeys=20
    )
    return {str(each["Key"]).removeprefix(f"{prefix}/"): str(each["ETag"]) for each in found.get("Contents", ())}


def _bucket_of(where: Path) -> tuple[str, str]:
    return s3_settings().endpoint, str(cast(Any, where).path).partition("/")[0]
