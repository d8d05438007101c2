"""Deaths of a command: by SIGKILL at any change of a file, any SQL statement or table write; and disks that are full.

Damage of what a finished run left is in `campaign_damage.py`, the commands in `campaign_place.py`.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from killed_process import ARRANGEMENTS, kill_at

_STEPS = (
    *("raw_index", "first_pass", "embeddings", "drift_report", "cluster_tree", "balanced_subset", "reviewed_labels"),
    *("classifier", "proposals", "labels", "quality_report", "release"),
)
_LEDGER_STEPS = ("first_pass", "embeddings", "cluster_tree", "balanced_subset", "reviewed_labels", "labels", "release")
_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate", "shutil.rmtree")


def chosen_point(random: Random) -> str:
    """A point by name, as `killed_process` knows them."""
    what = random.choice([name for name in ARRANGEMENTS if name])
    match what:
        case "before the ledger of":
            which = random.choice(_LEDGER_STEPS)
        case "before the table of" | "before the version of" | "before the checks of":
            which = random.choice(_STEPS)
        case "before answer" | "after answer":
            which = str(random.randint(1, 20))
        case "before mart":
            which = str(random.randint(1, 8))
        case _:
            which = ""
    return f"{what}:{which}"


def die_at_point(point: str) -> None:
    """Arrange that this process is killed at a named point."""
    kill_at(point)


def count_changes(place: Path, change: Callable[[], object]) -> None:
    """Call `change` before and after each change that this process makes to anything below a folder.

    Changes are files opened for writing, renamed, linked, deleted, folders made, statements of SQL, and writes of
    tables, whose files no Python code writes.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    from data_engine.storage import TableStore

    def heard(name: str, arguments: tuple[Any, ...]) -> None:
        if name in _CHANGES or (name == "open" and _is_written(arguments)):
            path = str(arguments[0]) if arguments else ""
            if path.startswith(str(place)) and not path.endswith("said.txt"):
                change()

    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Engine, moment, lambda *_: change())
    write = TableStore.write

    def counted(self: Any, *arguments: Any, **named: Any) -> Any:
        change()
        written = write(self, *arguments, **named)
        change()
        return written

    TableStore.write = counted  # type: ignore[method-assign]
    sys.addaudithook(heard)


def _is_written(arguments: tuple[Any, ...]) -> bool:
    mode, flags = arguments[1], arguments[2]
    return bool(isinstance(mode, str) and set(mode) & set("wax+")) or bool((flags or 0) & (os.O_WRONLY | os.O_RDWR))


def die_at_change(place: Path, number: int) -> None:
    """Arrange that this process is killed at the n-th change, from 1."""
    passed = 0

    def change() -> None:
        nonlocal passed
        passed += 1
        if passed == number:
            os.kill(os.getpid(), signal.SIGKILL)

    count_changes(place, change)


def tell_changes(place: Path, file: Path) -> None:
    """Arrange that the number of changes stands in a file when this process ends."""
    passed = 0
    told = os.open(file, os.O_CREAT | os.O_WRONLY)

    def change() -> None:
        nonlocal passed
        passed += 1
        os.pwrite(told, f"{passed:12d}".encode(), 0)

    count_changes(place, change)


@contextmanager
def small_disk(folder: Path, n_bytes: int) -> Iterator[Callable[[int], None] | None]:
    """A disk of a size at a folder, which must be there and empty; what is given changes its size.

    None is given where this process may not mount one.
    """
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={n_bytes}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        yield None
        return

    def resize(size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", str(folder)], check=True, capture_output=True)

    try:
        yield resize
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)
