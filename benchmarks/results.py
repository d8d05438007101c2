"""Writes what the benchmarks measured into `RESULTS.md`: one section per claim, replaced on the next run."""

import json
import os
import platform
import re
import shlex
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("RESULTS.md")
_HEADER = """# Measured results

Written by the scripts in this folder; every section names the command that writes it anew. Seconds on a shared machine
say little, so speeds are ratios to something timed in the same process.
"""
_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "scikit-activeml",
    "small-text",
    "cleanlab",
    "torch",
    "sentence-transformers",
    "pyarrow",
    "duckdb",
    "dagster",
    "rensa",
    "numba",
    "faiss-cpu",
    "superkmeans",
    "fastkmeans",
    "pillow",
    "openvino",
    "ImageHash",
)


class Kept:
    """What a long benchmark has measured, one line of JSON per key, so that it can be run in pieces."""

    def __init__(self, path: Path | None, minutes: float = float("inf")) -> None:
        self._path, self._end, self._found = path, time.monotonic() + 60 * minutes, {}
        if path is not None and path.exists():
            self._found = {repr(key): value for key, value in map(json.loads, path.read_text("utf-8").splitlines())}

    @property
    def is_time_up(self) -> bool:
        return time.monotonic() > self._end

    def __contains__(self, key: list[Any]) -> bool:
        return repr(key) in self._found

    def get(self, key: list[Any]) -> Any:
        return self._found.get(repr(key))

    def add(self, key: list[Any], value: Any) -> None:
        line = json.dumps([key, value])
        self._found[repr(key)] = json.loads(line)[1]
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(line + "\n")


def append_results(title: str, table_markdown: str, *, path: Path = RESULTS, packages: Sequence[str] = ()) -> None:
    """Write a section, in place of the one with the same title if there is one, else at the end.

    Args:
        title: heading of the section, one line.
        table_markdown: its body, without headings of the second level.
        path: file to write.
        packages: whose versions matter beside those that always stand there.
    """
    text = path.read_text("utf-8") if path.exists() else _HEADER
    section = f"## {title}\n\n{table_markdown.strip()}\n\n{environment(packages)}\n"
    old = re.compile(rf"^## {re.escape(title)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    text, n_replaced = old.subn(lambda _: section + "\n", text, count=1)
    if not n_replaced:
        text = f"{text.rstrip()}\n\n{section}"
    path.write_text(text.rstrip() + "\n", "utf-8")


def environment(packages: Sequence[str] = ()) -> str:
    """The command, date, versions and processor of this process, as a paragraph."""
    script = Path(sys.argv[0])
    # Where somebody keeps files meanwhile, and in which pieces it ran, says nothing about what was measured.
    given = ["FOLDER" if argument.startswith("/") else argument for argument in sys.argv[1:]]
    for option in ("--kept", "--minutes"):
        if option in given:
            del given[given.index(option) : given.index(option) + 2]
    command = shlex.join(["python", f"{script.parent.name}/{script.name}", *given])
    return (
        f"`{command}`, {datetime.now(UTC):%Y-%m-%d}; Python {platform.python_version()}, "
        f"{', '.join(versions(packages))}; {processor()}, {os.cpu_count()} cores."
    )


def versions(packages: Sequence[str] = ()) -> list[str]:
    """Name and version of the installed packages that speeds depend on."""
    found = []
    for package in (*_PACKAGES, *packages):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            continue
    return found


def processor() -> str:
    """Model name of the processor, as exactly as the system tells."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        names = re.findall(r"^model name\s*:\s*(.+)$", listing.read_text("utf-8"), re.MULTILINE)
        if names:
            return str(names[0])
    return platform.processor() or platform.machine()
