"""Atomic writes: a file or a folder is there whole or not at all, also when the process is killed.

Everything is written beside its place, flushed to the disk, and moved there in one step. Tables have their own commits,
see `tables/delta_commits.py`.
"""

import os
import shutil
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import xxhash


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there in one step; a killed process leaves the old one.

    Args:
        path: The file's place; its folder is made when missing.
        write: Is given the path of the temporary file and fills it.

    Raises: OSError as the disk gives it; the temporary file is removed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = beside(path)
    try:
        write(temporary)
        flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    flush(path.parent)


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file by these bytes. Raises: OSError as the disk gives it."""
    replace_file(path, lambda temporary: temporary.write_bytes(content))


def write_text(path: Path, text: str) -> None:
    """Replace a file by this text in UTF-8, its line ends as they are. Raises: OSError as the disk gives it."""
    replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8", newline="\n"))


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder beside the place of a folder, to be filled and then moved there by `place_folder`.

    What was not moved is removed at the end, also after an error.
    """
    temporary = beside(folder)
    temporary.mkdir(parents=True)
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def place_folder(filled: Path, folder: Path) -> bool:
    """Move a filled folder to its place in one step, unless there is one already; of two processes the first wins.

    Returns: whether it was moved; a folder that is there is never changed.
    Raises: OSError as the disk gives it.
    """
    if folder.exists():
        return False
    for path in (*filled.rglob("*"), filled):
        flush(path)
    try:
        filled.rename(folder)
    except OSError:
        if folder.exists():
            return False
        raise
    flush(folder.parent)
    return True


def delete_folder(folder: Path) -> None:
    """Delete a folder so that nobody finds half of it; `cleaning.leftovers` deletes what a killed process leaves.

    Raises: OSError as the disk gives it.
    """
    half = beside(folder)
    folder.rename(half)
    shutil.rmtree(half)


def flush(path: Path) -> None:
    """Make a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def beside(path: Path) -> Path:
    """A name that nobody else has, in the same folder; `cleaning.leftovers` deletes those of dead processes."""
    return path.with_name(temporary_name(path.name, uuid.uuid4().hex))


def temporary_name(name: str, random: str) -> str:
    """The name of a file or folder that is being written, which tells the process that writes it."""
    return f".{name}.{this_machine()}-{os.getpid()}-{random}.tmp"


@cache
def this_machine() -> str:
    """The machine, since it was started, and the container: where a number of a process means one process."""
    parts = [socket.gethostname()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text("utf-8").strip())
        parts.append(str(Path("/proc/self/ns/pid").stat().st_ino))
    return str(xxhash.xxh3_64("\0".join(parts).encode()).hexdigest())
