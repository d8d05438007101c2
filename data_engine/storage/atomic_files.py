"""Atomic writes: a file or a folder is there whole or not at all, also when the process is killed.

Everything is written beside its place, flushed to the disk, and moved there in one step; behind a URL it is written in
scratch and sent there, where a file appears when all of it has arrived. Tables have their own commits,
see `tables/delta_commits.py`.
"""

import fcntl
import os
import random
import shutil
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import xxhash

from data_engine.errors import ConcurrentWrite
from data_engine.places.kinds import file_system_of, is_local
from data_engine.places.object_store import is_refusal, probe
from data_engine.places.place import remove_folder, scratch

_ATTEMPTS = 100


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there in one step; a killed process leaves the old one.

    Args:
        path: The file's place; its folder is made when missing.
        write: Is given the path of the temporary file and fills it.

    Raises: OSError as the disk gives it; the temporary file is removed.
    """
    if not is_local(path):
        _upload_new(path, write)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = beside(path)
    try:
        write(temporary)
        flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    flush(path.parent)


def _upload_new(path: Path, write: Callable[[Path], object]) -> None:
    temporary = in_scratch(path)
    try:
        write(temporary)
        upload(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def upload(file: Path, path: Path) -> None:
    """Send a file of this host to its place behind a URL, in one request or in parts that appear together."""
    probe(path.parent)
    file_system, key = file_system_of(path)
    file_system.put_file(str(file), key)


def in_scratch(path: Path) -> Path:
    """A name that nobody else has, in the scratch folder of this host that belongs to the folder of a path."""
    folder = scratch(path.parent)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return beside(folder / path.name)


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
    temporary = beside(folder) if is_local(folder) else in_scratch(folder)
    temporary.mkdir(parents=True)
    try:
        yield temporary
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def place_folder(filled: Path, folder: Path, *, last: str = "manifest.json") -> bool:
    """Move a filled folder to its place in one step, unless there is one already; of two processes the first wins.

    Args:
        filled: The folder, from `new_folder`.
        folder: Its place. Behind a URL no folder can be moved: its files are sent one by one.
        last: The name of the file that is sent last and never replaced; a folder without it counts as not there.

    Returns: whether it was moved; a folder that is there is never changed.
    Raises: OSError as the disk gives it.
    """
    if not is_local(folder):
        return _send_folder(filled, folder, last)
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
    if not is_local(folder):
        remove_folder(folder)
        return
    half = beside(folder)
    folder.rename(half)
    shutil.rmtree(half)


def _send_folder(filled: Path, folder: Path, last: str) -> bool:
    if (folder / last).exists():
        return False
    paths = sorted(path for path in filled.rglob("*") if path.is_file() and path != filled / last)
    for path in paths:
        upload(path, folder / path.relative_to(filled).as_posix())
    return create(folder / last, (filled / last).read_bytes())


def create(path: Path, content: bytes) -> bool:
    """Write a file behind a URL where there is none; whether there was none. Of several processes one writes it."""
    probe(path.parent)
    file_system, key = file_system_of(path)
    try:
        file_system.pipe_file(key, content, mode="create")
    except OSError as error:
        if is_refusal(error):
            return False
        raise
    return True


def read_text(path: Path) -> str | None:
    """A small text that others may replace meanwhile, as it was at one moment; None where there is none."""
    try:
        if is_local(path):
            return path.read_text("utf-8")
        file_system, key = file_system_of(path)
        # In one request: by the second one it may be another file.
        return str(file_system.cat_file(key).decode())
    except FileNotFoundError:
        return None


def change_text(path: Path, change: Callable[[str | None], str]) -> str:
    """Replace a small text by what is made of it; a change that another process makes meanwhile is never lost.

    Args:
        path: The file; its folder is made when missing.
        change: Is given the text, None where there is no file, and gives the new one; may be called again.

    Returns: the new text.

    Raises: OSError as the disk gives it; whatever `change` raises, and then nothing was written.
    """
    if not is_local(path):
        return _change_remote(path, change)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        changed = change(read_text(path))
        write_text(path, changed)
        return changed


def _change_remote(path: Path, change: Callable[[str | None], str]) -> str:
    """Write on the condition that the file is still the one that was read, until it was."""
    probe(path.parent)
    file_system, key = file_system_of(path)
    for attempt in range(_ATTEMPTS):
        try:
            info = file_system.info(key)
            text, how = file_system.cat_file(key).decode(), {"IfMatch": info["ETag"]}
        except FileNotFoundError:
            text, how = None, {"mode": "create"}
        try:
            changed = change(text)
            file_system.pipe_file(key, changed.encode(), **how)
            return changed
        except OSError as error:
            if not is_refusal(error):
                raise
            time.sleep(min(1.0, 0.02 * 2**attempt) * random.random())
    raise ConcurrentWrite(
        f"{path} could not be written in {_ATTEMPTS} attempts because other processes keep changing it; give the "
        f"command again when fewer are at work"
    )


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
