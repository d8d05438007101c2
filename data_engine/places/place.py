"""Places of data: a path on this host, or the URL of a bucket, by the same methods; and what of it has to be local.

How a bucket is reached is in `object_store.py`.
"""

import os
import shutil
import tempfile
import uuid
from functools import lru_cache
from pathlib import Path
from typing import cast

import xxhash

from data_engine.errors import InvalidInput
from data_engine.places.kinds import file_system_of, is_local, is_url
from data_engine.places.object_store import S3Settings, s3_settings

SCRATCH = "DATA_ENGINE_SCRATCH"


def place(text: str | Path) -> Path:
    """A folder of this host, or that of a URL (`s3://bucket/prefix`), which has the methods of a path.

    Raises: InvalidInput for another kind of URL, one without a bucket, and where the driver is not installed.
    """
    return _remote(str(text).rstrip("/"), s3_settings()) if is_url(text) else Path(text)


def scratch(where: Path) -> Path:
    """The folder of this host for what is mapped into memory or spilt beside a place; the place itself on a disk.

    `DATA_ENGINE_SCRATCH` says where it is, so that it need not be on the disk with the data; for a URL it is by
    default in the system's folder for temporary files. What lies there can be lost.
    """
    given = os.environ.get(SCRATCH, "")
    if is_local(where) and not given:
        return where
    base = Path(given).absolute() if given else Path(tempfile.gettempdir()) / f"data-engine-{os.getuid()}"
    if is_local(where):
        return base.joinpath(*where.absolute().parts[1:])
    _, key = file_system_of(where)
    return base / xxhash.xxh3_64_hexdigest(s3_settings().endpoint.encode())[:8] / key


def local_copy(path: Path) -> Path:
    """A file of this host with the content of a file whose name is never used for another content.

    One behind a URL is fetched once per host.

    Raises: OSError as the disk or the store gives it.
    """
    if is_local(path):
        return path
    copy = scratch(path.parent) / path.name
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        half = copy.with_name(f".{copy.name}.{uuid.uuid4().hex}.tmp")
        file_system, key = file_system_of(path)
        try:
            file_system.get_file(key, str(half))
            half.replace(copy)
        finally:
            half.unlink(missing_ok=True)
    return copy


def drop_copy(path: Path) -> None:
    """Delete the copy of a file that `local_copy` made, if there is one; a file of this host stays."""
    if not is_local(path):
        (scratch(path.parent) / path.name).unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Delete a folder and all below it; behind a URL also a file. Raises: OSError as the disk or store gives it."""
    if is_local(folder):
        shutil.rmtree(folder)
        return
    file_system, key = file_system_of(folder)
    # One listing, and a thousand keys in one request.
    found = file_system.find(key)
    if found:
        file_system.rm(found)


@lru_cache(maxsize=64)
def _remote(url: str, settings: S3Settings) -> Path:
    if not url.startswith("s3://") or not url.removeprefix("s3://").strip("/"):
        raise InvalidInput(
            f"the data folder is {url}, but only a folder of this host or s3://BUCKET/PREFIX can be one; "
            f"set DATA_ENGINE_DATA to one of these"
        )
    try:
        from upath import UPath

        found = UPath(url, **settings.for_s3fs())
        found.fs  # noqa: B018 - the driver is loaded here
    except ImportError as error:
        raise InvalidInput(
            f"the data folder is {url}, and what reads and writes buckets is not installed ({error}); "
            f"give `pip install 'data-engine[s3]'`"
        ) from error
    return cast(Path, found)
