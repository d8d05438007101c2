"""The end of a command: the last words of one that fails, its exit status, and how its process ends.

How texts are printed is in `plain_text.py`; the named errors are in `data_engine.errors`.
"""

import atexit
import errno
import gc
import logging
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from data_engine.errors import DataEngineError
from data_engine.terminal.plain_text import shown

INTERRUPTED = 130
"""The exit status of a command that Ctrl-C ended, as shells have it."""

_LONGEST = 400
_WHERE = "DATA_ENGINE_DATA says where data is, DAGSTER_HOME where Dagster's records are"
_AGAIN = "then give the command again; it goes on from there"
_INTERRUPTS = ("DagsterExecutionInterruptedError", "KeyboardInterrupt")
_NOT_WRITABLE = (errno.EACCES, errno.EPERM, errno.EROFS)


def with_quick_ends(command: Callable[[], object]) -> object:
    """Carry out the only command of this process, which ends by SystemExit; garbage is looked for seldom.

    The libraries of a run are half a million objects. Looking through them again and again while they are imported, and
    once more to free them at the end, takes half the time of a command that does little. What is open is closed and
    what was registered to run at the end runs; only then the process ends without freeing its memory piece by piece.
    """
    gc.set_threshold(50_000, 20, 100)
    status: list[int] = []
    # The first that is registered runs last.
    atexit.register(_end, status)
    try:
        return command()
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            status.append(ended.code or 0)
        raise


def _end(status: list[int]) -> None:
    """End the process at once with its status; without one, and where nobody reads any more, Python ends it."""
    logging.shutdown()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return
    for code in status:
        os._exit(code & 0xFF)


def last_words(error: BaseException) -> tuple[str, int]:
    """What to say of an error that ends a command, and its exit status.

    An error that nobody expected is said in one sentence too; its traceback goes to a file, which the sentence names.
    """
    if was_interrupted(error):
        until_then = "interrupted; what was done until then is kept, and giving the command again goes on from there"
        return until_then, INTERRUPTED
    said = _known(error)
    if said is None:
        first = shown(" ".join(str(error).split())[:_LONGEST])
        what = f"{type(error).__name__}: {first}" if first else type(error).__name__
        said = (
            f"the command failed by an error that is none of its own ({what}); the traceback is in "
            f"{keep_traceback(error)}, and --debug before the command's name prints it"
        )
    return shown(said), 1


def was_interrupted(error: BaseException) -> bool:
    """Whether the error, or one that it was raised from, is an interrupt."""
    return any(type(link).__name__ in _INTERRUPTS for link in _chain(error))


def keep_traceback(error: BaseException) -> Path:
    """Write the traceback to a file of its own, in Dagster's home or, where that may not be, for temporary files."""
    home = os.environ.get("DAGSTER_HOME")
    name = f"data-engine-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    text = "".join(traceback.format_exception(error))
    for folder in (Path(home) / "logs" if home else None, Path(tempfile.gettempdir())):
        if folder is not None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text, "utf-8", errors="backslashreplace")
            except OSError:
                continue
            return folder / name
    return Path(os.devnull)


def _known(error: BaseException) -> str | None:
    """The sentence for an error of a kind that has one."""
    if isinstance(error, DataEngineError):
        return str(error)
    for link in _chain(error):
        module, cause = type(link).__module__, getattr(link, "orig", None)
        if isinstance(link, OSError):
            return _of_the_system(link)
        if isinstance(link, MemoryError):
            return "memory ran out; free some, or take in smaller batches, " + _AGAIN
        if type(link).__name__ == "DagsterPostgresException" or (module.startswith("sqlalchemy") and cause is not None):
            return _of_a_database(cause or link)
        if module.partition(".")[0] == "sqlite3":
            return _of_a_database(link)
        if module.partition(".")[0] in ("pyarrow", "deltalake"):
            return (
                f"a table cannot be read or written: {_line(link)}; the traceback is in {keep_traceback(error)}; "
                "restore the table from a backup, or move its folder away and make it anew with data-engine backfill"
            )
    return None


def _of_the_system(error: OSError) -> str:
    place = error.filename if error.filename is not None else "a file"
    if error.errno in _NOT_WRITABLE:
        return f"{place} may not be written or read ({error.strerror}); make it writable ({_WHERE}), {_AGAIN}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no room is left to write {place} ({error.strerror}); make room ({_WHERE}), {_AGAIN}"
    return str(error)


def _of_a_database(error: BaseException) -> str:
    line = _line(error)
    if "full" in line or "disk I/O" in line or "readonly" in line:
        remedy = f"make room and have its folder writable ({_WHERE})"
    elif "malformed" in line or "not a database" in line:
        remedy = "restore the file from a backup, or move it away: Dagster's hold the history of runs and no data"
    else:
        remedy = "see that its server runs and that the URL in dagster.yaml or DATA_ENGINE_REVIEW_URL is right"
    return f"a database cannot be read or written: {line}; {remedy}, {_AGAIN}"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:_LONGEST]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what it was raised from, what that was raised from, and so on."""
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
