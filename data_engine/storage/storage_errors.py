"""Translates disk and Delta errors into StorageErrors that name what, where, the free space and what to do.

The error classes themselves are in `data_engine.errors`.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from data_engine.errors import DataEngineError, StorageError
from data_engine.places.kinds import is_local
from data_engine.places.store_errors import is_of_driver, said_of, trouble

_FULL = ("No space left on device", "os error 28", "Disk quota exceeded", "os error 122")

_NOT_FULL = "`data-engine check CORPUS` says whether files are damaged, and what mends them; otherwise run it again"


@contextmanager
def storage_errors(doing: str, path: Path, *, intact: str = "what was committed before is intact") -> Iterator[None]:
    """Run a piece of storage work; what fails in it becomes a StorageError.

    Args:
        doing: What was attempted, such as `writing batch part-00 of raw_index`.
        path: Where.
        intact: What a reader still finds.

    Raises: StorageError with the free space of the disk and the remedy; errors of the engine pass unchanged.
    """
    from deltalake.exceptions import DeltaError

    try:
        yield
    except DataEngineError:
        raise
    except (OSError, DeltaError, pa.ArrowException) as error:
        if not is_local(path):
            raise _of_store(doing, path, intact, error) from error
        is_full = any(mark in str(error) for mark in _FULL)
        remedy = "free some space and run it again" if is_full else _NOT_FULL
        cause = "the disk is full" if is_full else first_line(error)
        raise StorageError(
            f"{doing} failed at {path}: {cause} ({_free_space(path)} free now); {intact}: {remedy}"
        ) from error
    except Exception as error:
        if not is_of_driver(error):
            raise
        raise _of_store(doing, path, intact, error) from error


def _of_store(doing: str, path: Path, intact: str, error: BaseException) -> StorageError:
    remedy = "" if trouble(error) else f": {_NOT_FULL}"
    return StorageError(f"{doing} failed at {path}: {said_of(error)}; {intact}{remedy}")


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or its class where it has none."""
    return str(error).strip().split("\n", 1)[0] or type(error).__name__


def _free_space(path: Path) -> str:
    """Free space of the disk that holds a path, in MB; the path itself need not exist."""
    existing = next((folder for folder in (path, *path.parents) if folder.exists()), Path("/"))
    return f"{shutil.disk_usage(existing).free / 1e6:,.1f} MB"
