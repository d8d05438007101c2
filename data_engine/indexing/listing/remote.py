"""Sources behind a URL: the files of a bucket, a server or any other file system that fsspec knows.

Local files are listed in `batches.py`.
"""

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, cast

import xxhash

from data_engine.errors import SourceError, SourceMissing
from data_engine.errors.secret_texts import HIDDEN, harmless, without_secrets
from data_engine.indexing.opening.patience import USUAL_PATIENCE, Patience, Unreachable, patiently
from data_engine.indexing.source_files import EPOCH, SourceFile
from data_engine.indexing.uris import storable

if TYPE_CHECKING:
    from upath import UPath

_CHANGED_AT = ("LastModified", "last_modified", "mtime", "updated", "Last-Modified", "created")
_VERSION = ("ETag", "etag", "md5Hash", "Content-MD5")


def list_remote(root: "UPath", patience: Patience = USUAL_PATIENCE) -> list[SourceFile]:
    """Every file below a URL, or the one file that it names, with its size, and time of change and entity tag where
    the file system has them.

    Raises:
        SourceMissing: nothing is there.
        SourceError: the file system cannot be reached, refuses, or its driver is not installed.
    """
    try:
        info = _info(root, patience)
        if info is not None and info.get("type") == "file":
            return [_source_file(root, shown_name(root, root.name), info)]
        found: dict[str, dict[str, Any]] = patiently(lambda: root.fs.find(root.path, detail=True), patience)
    except FileNotFoundError as error:
        raise SourceMissing(f"the source {root} does not exist; create it or change source.path") from harmless(error)
    except Unreachable as error:
        raise SourceError(
            f"the source {root} cannot be reached: {error}; start its server, or run again later"
        ) from harmless(error)
    except Exception as error:
        # Every file system has exceptions of its own for a refused login.
        raise SourceError(f"the source {root} cannot be listed: {error or type(error).__name__}") from harmless(error)
    if not found:
        raise SourceMissing(f"the source {root} holds no file; create it or change source.path")
    start = root.path.rstrip("/") + "/"
    places = {path.removeprefix(start): info for path, info in found.items()}
    uris = _uris(root, list(places))
    return [_source_file(root / place, uris[place], info) for place, info in places.items()]


def shown_name(root: "UPath", place: str) -> str:
    """The place of a file below a URL, for tables: on a web server without query and fragment, which may be secret."""
    if not root.protocol.startswith("http"):
        return place
    return re.split("[?#]", without_secrets(place).replace(f"{HIDDEN}@", ""), maxsplit=1)[0]


def _uris(root: "UPath", places: list[str]) -> dict[str, str]:
    """The uri of each place: those that differ in their queries only are told apart by a hash of them."""
    shown = {place: shown_name(root, place) for place in places}
    counted = Counter(shown.values())
    return {
        place: uri if counted[uri] == 1 else f"{uri}~{xxhash.xxh3_64_hexdigest(place.encode())[:8]}"
        for place, uri in shown.items()
    }


def _info(root: "UPath", patience: Patience) -> dict[str, Any] | None:
    """What the file system says of a URL itself; None where it knows nothing of that name, as of many folders."""
    file_system = root.fs
    file_system.invalidate_cache()
    try:
        return cast("dict[str, Any]", patiently(lambda: file_system.info(root.path), patience))
    except FileNotFoundError:
        return None


def _source_file(path: "UPath", uri: str, info: Mapping[str, Any]) -> SourceFile:
    changed_at = next((info[name] for name in _CHANGED_AT if info.get(name) is not None), None)
    version = next((str(info[name]).strip('"') for name in _VERSION if info.get(name)), "")
    return SourceFile(path, storable(uri), int(info.get("size") or 0), _as_utc(changed_at), version)


def _as_utc(value: Any) -> datetime:
    """A time however the file system writes it; the epoch where it says none."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = parsedate_to_datetime(value)
    if not isinstance(value, datetime):
        return EPOCH
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
