"""A place of the break campaign: a project folder, its data and its Dagster home, and commands run on them.

What is broken is in `campaign_kills.py`, `campaign_damage.py` and `campaign_files.py`; the campaign itself is
`benchmarks/break_campaign.py`. Commands are forks of a process that has imported the engine once.
"""

import hashlib
import json
import os
import pkgutil
import re
import resource
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from random import Random

from small_project import SmallProject, make_notes, notes_corpus, write_notes

#: A command that hangs is ended by another signal than KILL; seconds of the processor, for a busy machine is no hang.
MOST_CPU_S, LONGEST_S = 200, 3600
#: What a command imports where it first needs it, together a second of each command.
_IMPORTED = (
    *("alembic.command", "deltalake", "duckdb", "great_expectations.expectations", "matplotlib.pyplot", "numba"),
    *("sklearn.linear_model", "sqlglot", "data_engine.cli", "data_engine.orchestration.launch.commands"),
    "data_engine.runtime.integrity.registry",
)
_FOLDERS = ("data_engine.quality.suites", "data_engine.runtime.steps", "data_engine.warehouse")
_REPOSITORY = Path(__file__).resolve().parents[2]
#: A step that failed by an error of Python names its class, one by an error of the engine's does not.
_UNEXPECTED = re.compile(r"failed: [A-Z]\w*(Error|Exception|Iteration)\b")
#: What differs between two runs of the same: who, when, how long, and the number of a version of a table.
_ARRIVED_AT_S = 1_767_225_600
_OF_THE_RUN = ("run_id", "seconds", "table_version", "table_versions", "remaining_s", "note")


@dataclass(frozen=True)
class Ended:
    """How a command ended.

    Attributes:
        status: Exit status; the negative number of a signal.
        said: Everything that it printed.
        peak_mb: Its peak resident memory.
    """

    status: int
    said: str
    peak_mb: float = 0.0

    @property
    def broke(self) -> str:
        """In what way nobody should ever see a command end: empty where it did not."""
        if self.status < 0:
            return f"ended by {signal.Signals(-self.status).name}"
        for words in ("Traceback (most recent call last)", "an error that is none of its own", "panicked at"):
            if words in self.said:
                return "traceback"
        if _UNEXPECTED.search(self.said):
            return "an error that nobody expected"
        return ""

    @property
    def last_line(self) -> str:
        """The last thing that it said."""
        lines = [line.strip() for line in self.said.splitlines() if line.strip()]
        errors = [line for line in lines if line.startswith("Error")]
        return (errors or lines or [""])[-1]


@dataclass(frozen=True)
class Place:
    """A folder with `project`, `data` and `home`."""

    folder: Path
    corpus: str = "notes"

    @property
    def project(self) -> Path:
        """The project folder."""
        return self.folder / "project"

    @property
    def data(self) -> Path:
        """The data of the project."""
        return self.folder / "data"

    @property
    def home(self) -> Path:
        """The Dagster home."""
        return self.folder / "home"

    def copy_to(self, folder: Path) -> "Place":
        """The same in another folder."""
        shutil.copytree(self.folder, folder, symlinks=True)
        return Place(folder, self.corpus)

    def command(
        self, *arguments: str, before: Callable[[], object] | None = None, kill_after_s: float | None = None
    ) -> Ended:
        """Run `data-engine` with these arguments in a fork.

        Args:
            arguments: Of the command line.
            before: What the fork does first, for example arrange its death.
            kill_after_s: After how many seconds it is killed.
        """
        log = self.folder / "said.txt"
        child = os.fork()
        if child == 0:
            _become(self, arguments, before, log)
        status, usage = _wait(child, kill_after_s)
        said = log.read_text("utf-8", errors="replace") if log.exists() else ""
        log.unlink(missing_ok=True)
        return Ended(status, said, usage / 1024)

    def state(self) -> dict[str, list[str]]:
        """What must be the same after any disturbance: the rows of each table and of the queue, released files."""
        told = self.folder / "state.json"
        ended = self.command(before=lambda: (told.write_text(json.dumps(_state(self)), "utf-8"), os._exit(0)))
        if not told.exists():
            return {"unreadable": [ended.said[-2000:]]}
        state: dict[str, list[str]] = json.loads(told.read_text("utf-8"))
        told.unlink()
        return state


def write_project(folder: Path, *, n_rows: int = 90) -> Place:
    """A project with the corpus `notes` in the batches may and june, and nothing run."""
    folder.mkdir(parents=True)
    place = Place(folder)
    place.project.mkdir()
    place.home.mkdir()
    shutil.copy(_REPOSITORY / ".dagster_home" / "dagster.yaml", place.home)
    project = SmallProject(place.project)
    for seed, batch in enumerate(("may", "june")):
        write_notes(place.project / "source", batch, n_rows, seed)
    project.add(notes_corpus(Path("source"), subset={"target_size": 120}, tree={"n_clusters": [30, 8]}))
    return place


def give_new_rows(place: Place, batch: str, n: int, seed: int) -> None:
    """Append rows to a batch, or write a new one; always at the same time, which the raw index keeps."""
    path = place.project / "source" / f"{batch}.jsonl"
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in make_notes(n, seed))
    os.utime(path, (_ARRIVED_AT_S, _ARRIVED_AT_S))


def differences(found: Mapping[str, list[str]], expected: Mapping[str, list[str]]) -> dict[str, str]:
    """What is not the same: by its name, a row that only one of both has."""
    other = {}
    for name in sorted({*found, *expected}):
        mine, theirs = Counter(found.get(name, ["(none)"])), Counter(expected.get(name, ["(none)"]))
        if mine != theirs:
            first = [next(iter(sorted((one - two).keys())), "(none)") for one, two in ((mine, theirs), (theirs, mine))]
            other[name] = f"{(mine - theirs).total()} rows for {(theirs - mine).total()}: {first[0]} for {first[1]}"
    return other


def import_engine() -> None:
    """Import what a command needs, once for all forks."""
    for name in _IMPORTED:
        import_module(name)
    for folder in _FOLDERS:
        for module in pkgutil.iter_modules(import_module(folder).__path__, f"{folder}."):
            import_module(module.name)


def _become(place: Place, arguments: tuple[str, ...], before: Callable[[], object] | None, log: Path) -> None:
    """The child's life: never returns."""
    status = 1
    try:
        file = os.open(log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)
        os.dup2(file, 1)
        os.dup2(file, 2)
        os.environ |= {"DATA_ENGINE_DATA": str(place.data), "DAGSTER_HOME": str(place.home)}
        os.environ.pop("DATA_ENGINE_REVIEW_URL", None)
        os.chdir(place.project)
        sys.path.insert(0, str(place.project))
        signal.alarm(LONGEST_S)
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_CPU_S, MOST_CPU_S + 60))
        if before is not None:
            before()
        from data_engine.cli import main

        main(list(arguments))
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _wait(child: int, kill_after_s: float | None) -> tuple[int, float]:
    """Exit status and peak memory, KiB."""
    ends = time.monotonic() + (kill_after_s if kill_after_s is not None else 1e9)
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status), usage.ru_maxrss
        if time.monotonic() > ends:
            os.kill(child, signal.SIGKILL)
            ends += 1e9
        time.sleep(0.005)


def _state(place: Place) -> dict[str, list[str]]:
    """The state, in the process that reads it."""
    from data_engine.orchestration.launch.project import Project
    from data_engine.schemas import TABLES

    runtime = Project(place.project).runtime(place.corpus)
    store = runtime.store()
    found = {}
    # What was accepted before the last version tells how often a step ran, and nothing of the result.
    for name in TABLES.keys() - {"accepted_versions"}:
        found[name] = _lines(store.read(name).to_pylist() if store.exists(name) else [])
    with runtime.queue() as queue:
        for name, table in queue.tables().items():
            found[f"queue {name}"] = _lines(table.to_pylist())
    for path in sorted((runtime.corpus_folder / "releases").glob("*/data.*")):
        found[f"released {path.parent.name} {path.name}"] = [hashlib.sha256(path.read_bytes()).hexdigest()]
    return found


def _lines(rows: list[dict[str, object]]) -> list[str]:
    """Rows as text in any order, without what differs between two runs of the same; long ones by their hash."""
    lines = [repr({k: v for k, v in row.items() if not _is_of_the_run(k, row)}) for row in rows]
    return sorted(
        line if len(line) < 1000 else f"{line[:300]}... {hashlib.sha256(line.encode()).hexdigest()}" for line in lines
    )


def _is_of_the_run(column: str, row: dict[str, object]) -> bool:
    # What the SQL models read is known by the runs that wrote it; that of the answers names the queue by its own id.
    step = str(row.get("step"))
    is_of_the_run = column == "input_version" and (step.startswith("sql_") or step == "reviewed_labels")
    return is_of_the_run or column in _OF_THE_RUN or column.endswith("_at")


def limit_file_size(n_bytes: int) -> None:
    """Let no file of this process grow beyond a size; stands for a full disk where none can be mounted."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, resource.RLIM_INFINITY))


def case_random(seed: int, kind: str, number: int) -> Random:
    """What chooses in one case; the same for the same case, whatever else is tried."""
    return Random(f"{seed} {kind} {number}")
