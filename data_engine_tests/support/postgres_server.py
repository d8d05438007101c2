"""A PostgreSQL server of the tests: in a temporary folder, on a socket there and no port, gone with the process.

Which tests use it is in `review/conftest.py`.
"""

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: PostgreSQL refuses to run as root; one of these users then runs it.
_USERS = ("postgres", "nobody")
_DEBIAN = Path("/usr/lib/postgresql")
#: The server is thrown away, so that nothing needs to reach the disk.
_SETTINGS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=", "max_connections=60")


def why_none() -> str:
    """Why no server can be started here, and what to do; empty where one can."""
    if _programs() is None:
        return "PostgreSQL is not installed: install the package postgresql"
    for driver in ("pg8000", "dagster_postgres"):
        if importlib.util.find_spec(driver) is None:
            return f"what talks to it is not installed: pip install {driver.replace('_', '-')}"
    return ""


@contextmanager
def postgres_server() -> Iterator[str]:
    """Start a server with an empty database; the URL of it. Raises: RuntimeError with what was said."""
    programs = _programs()
    assert programs is not None, why_none()
    user = next(name for name in _USERS if _is_user(name)) if os.getuid() == 0 else None
    # A path of a socket has at most 107 bytes, which folders of a test are too deep for.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        data = folder / "data"
        options = ["-D", str(data), "-U", "tests", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
        _run(user, [str(programs / "initdb"), *options], folder)
        settings = " ".join(f"-c {setting}" for setting in (*_SETTINGS, f"unix_socket_directories={folder}"))
        control = [str(programs / "pg_ctl"), "-D", str(data), "-w"]
        _run(user, [*control, "-l", str(folder / "log"), "-o", settings, "start"], folder)
        try:
            yield f"postgresql+pg8000://tests@/postgres?unix_sock={folder}/.s.PGSQL.5432"
        finally:
            _run(user, [*control, "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    """The folder of `initdb` and `pg_ctl`, the newest where there are several."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(_DEBIAN.glob("*/bin"), key=lambda path: path.parent.name.zfill(3), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


def _is_user(name: str) -> bool:
    import pwd

    return name in {entry.pw_name for entry in pwd.getpwall()}


def _run(user: str | None, command: list[str], folder: Path) -> None:
    # The server outlives pg_ctl, and would keep a pipe open for as long as it runs.
    with (folder / "said.txt").open("w+b") as said:
        done = subprocess.run(
            command, user=user, stdout=said, stderr=said, cwd=folder, env={"PATH": os.defpath, "LC_ALL": "C"}
        )
        said.seek(0)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {said.read().decode(errors='replace')}")
